// What: the open, reading part of the admin port: page, assets, status, health, metrics.
// Promise: answers at once from a snapshot; every answer carries the strict security headers.
// Thread: http (Queries are called there and must not block).
#pragma once

#include <functional>
#include <memory>

#include "agent/access/secured.h"
#include "agent/access/viewer.h"
#include "agent/status/admin.h"
#include "agent/status/look.h"
#include "common/http/router.h"

namespace tillrelay::status {

// What the daemon provides.
struct Queries {
  std::function<Snapshot()> snapshot;
  Faces faces = {};
  // Who sends the request; empty: nobody is ever signed in.
  std::function<access::Viewer(const http::Request&)> viewer = {};
  std::shared_ptr<Admin> admin = {};  // null: no store yet
};

void AddRoutes(http::Router& router, Queries queries);

// The security headers that every answer of the admin port has.
using access::kContentSecurityPolicy;
using access::Secured;

}  // namespace tillrelay::status
