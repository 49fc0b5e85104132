// What: the open, reading part of the admin port: page, assets, status, health, metrics.
// Promise: answers at once from a snapshot; every answer carries the strict security headers.
// Thread: http (StatusSources are called there and must not block).
#pragma once

#include <functional>
#include <memory>

#include "agent/access/principal.h"
#include "agent/access/secured.h"
#include "agent/admin/admin.h"
#include "agent/web/page_context.h"
#include "common/http/router.h"

namespace tillrelay::web {

// What the daemon provides.
struct StatusSources {
  std::function<monitor::Snapshot()> snapshot;
  TimeFormat faces = {};
  // Who sends the request; empty: nobody is ever signed in.
  std::function<access::Principal(const http::Request&)> viewer = {};
  std::shared_ptr<admin::Admin> admin = {};  // null: no store yet
};

void AddRoutes(http::Router& router, StatusSources queries);

// The security headers that every answer of the admin port has.
using access::kContentSecurityPolicy;
using access::Secured;

}  // namespace tillrelay::web
