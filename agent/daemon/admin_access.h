// What: who is let in at the admin port: the room `access` with its file, its audit in the journal
// and
//   its login page, put before the routes of api and web.
// Promise: docs/access.md.
// Thread: made on main before the server starts; its routes run on http and, for what waits, in
// `run`.
#pragma once

#include <memory>
#include <string>

#include "agent/access/admin_auth.h"
#include "agent/access/login_routes.h"
#include "agent/access/sessions.h"
#include "agent/access/user_store.h"
#include "agent/config/config.h"
#include "agent/journal/journal.h"
#include "common/http/router.h"
#include "common/http/tls.h"

namespace tillrelay {

// The admin port's certificate and key: the configured ones, or those of our own making, which are
// made here if they are missing. Empty: it speaks plain HTTP.
Result<http::TlsFiles> AdminTls(const config::Config& config, const Clock& clock,
                                const std::string& host);

class AdminAccess {
 public:
  struct Rooms {
    const config::Config& config;
    const Clock& clock;
    Random& random;
    journal::Journal* journal;  // null before there is a store
    http::RunElsewhere run;     // stopped before this goes
    std::string host;
    std::string fingerprint;  // of the admin port's certificate; empty without TLS
  };
  static Result<std::unique_ptr<AdminAccess>> Open(Rooms rooms);

  // The gates, and the routes for signing in and out.
  void AddAuth(http::Router* page);
  // Users, tokens and links.
  void AddRoutes(http::Router* control);
  access::Principal PrincipalOf(const http::Request& request) { return auth_.PrincipalOf(request); }

 private:
  AdminAccess(Rooms rooms, std::unique_ptr<access::UserStore> users);
  access::Audit Auditor() const;

  const Rooms r_;
  const std::unique_ptr<access::UserStore> users_;
  access::Sessions sessions_;
  access::AdminAuth auth_;
  access::LoginRoutes login_routes_;
};

}  // namespace tillrelay
