// What: signing in and out at the admin port: GET /login, GET /login/link, POST /login, POST
// /logout,
//   and GET /v1/session for scripts of the page.
// Promise: docs/access.md. A link is burned by the post only. A wrong login says nothing of what
//   was wrong; a lockout is told as one. Every outcome goes to the audit and the log.
// Thread: http; passwords are checked in `run`. It outlives the server and what runs there.
// Limits: kMaxPending passwords wait to be checked; bodies of kMaxBody bytes.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "agent/access/admin_auth.h"
#include "agent/access/attempts.h"
#include "common/base/log.h"
#include "common/http/router.h"
#include "common/http/token_routes.h"

namespace tillrelay::access {

// A row of the audit; the time is added by whoever keeps it.
struct AuditNote {
  std::string actor, action, subject, outcome;
};
using Audit = std::function<void(AuditNote)>;

class LoginRoutes {
 public:
  static constexpr int kMaxPending = 4;
  static constexpr size_t kMaxBody = 8 * 1024;
  static constexpr std::string_view kDefaultUser = "admin";

  struct Parts {
    UserStore& users;
    Sessions& sessions;
    AdminAuth& gate;
    const Clock& clock;
  };
  struct Outside {
    http::RunElsewhere run;
    Audit audit;
    std::function<std::string(const LoginForm&)> render;  // as HTML
    std::string language = "auto";                        // of the configuration
  };
  LoginRoutes(const Parts& parts, Outside outside, Random* random)
      : p_(parts), outside_(std::move(outside)), attempts_(random) {}

  void AddRoutes(http::Router* router);

 private:
  struct Try {
    std::string user, password, next, remote, old_cookie;
    bool html = false;
    const strings::Language* language = nullptr;
  };
  void Post(http::Request&& request, const http::Responder& responder);
  void Check(const Try& attempt, const http::Responder& responder);
  http::Response ByLink(const Try& attempt, std::string_view token);
  http::Response SignIn(const Try& attempt, Session session);
  http::Response Failed(const Try& attempt, LoginTrouble trouble, Duration wait = {});
  http::Response Form(int status, const LoginForm& form) const;
  http::Response Logout(const http::Request& request);

  const Parts p_;
  const Outside outside_;
  Attempts attempts_;
  std::atomic<int> pending_{0};
  log::RateLimitedLog lockouts_{log::Level::kWarning, "access"};
};

}  // namespace tillrelay::access
