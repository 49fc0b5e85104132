// What: users, API tokens and one-time links over HTTP. For the control socket only, where the
//   file's mode decides who may: a session that was stolen must not make itself permanent.
// Promise: the answer to a change comes after it is durable and in force; it is in the audit then.
// Thread: http; the disk and the password hash are waited for in `run`.
#pragma once

#include <string>

#include "agent/access/login_routes.h"
#include "agent/access/sessions.h"
#include "agent/access/user_store.h"
#include "common/http/router.h"

namespace tillrelay::access {

struct AccessServices {
  UserStore* users = nullptr;
  Sessions* sessions = nullptr;
  Random* random = nullptr;
  http::RunElsewhere run;
  Audit audit;
  std::string page_url;     // "https://till-server:8471"
  std::string fingerprint;  // of the admin port's certificate; empty without TLS
};

void AddAccessRoutes(http::Router* control, const AccessServices& services);

}  // namespace tillrelay::access
