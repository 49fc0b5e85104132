// What: the open, reading part of the admin port: page, assets, status, health, metrics.
// Promise: answers at once from a snapshot; every answer carries the strict security headers.
// Thread: http (Queries are called there and must not block).
#pragma once

#include <functional>

#include "agent/status/diagnosis.h"
#include "agent/status/snapshot.h"
#include "common/http/router.h"

namespace tillrelay::status {

// What main.cc provides.
struct Queries {
  std::function<Snapshot()> snapshot;
  TimeText time_text = UtcTimeText;
};

void AddRoutes(http::Router& router, Queries queries);

// What a page of ours may load, and who may frame it.
inline constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

// Adds the security headers that every answer of the admin port has.
http::Response Secured(http::Response response);

}  // namespace tillrelay::status
