// What: who sends a request to the admin port, and whether they may.
// Promise: docs/access.md. Admit is asked before a byte of the body is taken, Complete when it is
//   there; a request that both let through is allowed. Deny is the default.
// Thread: any; in practice http.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/access/principal.h"
#include "agent/access/rules.h"
#include "agent/access/sessions.h"
#include "agent/access/user_store.h"
#include "common/http/message.h"

namespace tillrelay::access {

struct AdminAuthOptions {
  bool open_read = true;
  bool tls = false;  // of the admin port: decides the cookie's name
};

class AdminAuth {
 public:
  AdminAuth(AdminAuthOptions options, UserStore* users, Sessions* sessions)
      : options_(options), users_(*users), sessions_(*sessions) {}

  // Nothing: let in. Sets the request's `subject` to who it is, if anybody.
  std::optional<http::Response> Admit(http::Request& request);
  // The CSRF token of a change by cookie.
  std::optional<http::Response> Complete(http::Request& request);
  Principal PrincipalOf(const http::Request& request);
  bool csrf_in_pages() const { return options_.tls; }

  // The value of the session cookie; empty if there is none, or more than one.
  std::string_view Cookie(const http::Request& request) const;
  // The value of a Set-Cookie header. An empty `value` makes the browser forget it.
  std::string SetCookie(std::string_view value) const;

 private:
  struct Identity {
    std::string who;
    Role role = Role::kView;
  };
  std::optional<Identity> Identify(const http::Request& request);
  bool OpenToAll(Need need, const http::Request& request) const;
  std::string_view CookieName() const { return options_.tls ? "__Host-sid" : "sid"; }

  const AdminAuthOptions options_;
  UserStore& users_;
  Sessions& sessions_;
};

// A field of an application/x-www-form-urlencoded body; "" if it is not there.
std::string FormField(const http::Request& request, std::string_view name);
// As the audit names whoever sent it: "anna@192.0.2.7", "uid:1000".
std::string ActorOf(const http::Request& request);

}  // namespace tillrelay::access
