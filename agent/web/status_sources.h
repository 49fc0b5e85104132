// What: what the pages read, and who asks.
// Thread: http (all are called there and must not block).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/access/principal.h"
#include "agent/admin/admin.h"
#include "agent/web/page_context.h"
#include "common/http/router.h"
#include "common/web/security_headers.h"

namespace tillrelay::web {

// What the daemon provides.
struct StatusSources {
  std::function<monitor::Snapshot()> snapshot;
  TimeFormat faces = {};
  // Who sends the request; empty: nobody is ever signed in.
  std::function<access::Principal(const http::Request&)> viewer = {};
  std::shared_ptr<admin::Admin> admin = {};  // null: no store yet
  std::string language = "auto";             // of the configuration
};

// The security headers that every answer of the admin port has.

}  // namespace tillrelay::web
