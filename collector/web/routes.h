// What: the collector over HTTP (docs/collector.md, HTTP): health, metrics, changes, stores,
//   reconciliation and the page.
// Promise: no handler blocks the HTTP thread: what needs the database is answered by the reader.
//   Every answer carries the strict security headers. With a token everything but /healthz needs
//   it.
// Thread: http; the answers may come from the reader's.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "collector/db/reader.h"
#include "collector/exceptions/orders.h"
#include "collector/fleet/fleet.h"
#include "collector/fleet/store_health.h"
#include "collector/sinks/sinks.h"
#include "collector/web/api_access.h"
#include "common/http/router.h"

namespace tillrelay::collector {

struct RoutesOptions {
  const Clock* clock = nullptr;
  const Fleet* fleet = nullptr;
  Reader* reader = nullptr;
  std::set<std::string> expected;
  std::chrono::seconds silent_after{180};
  Thresholds thresholds;
  std::vector<ApiToken> tokens;  // none: everybody may
  Orders* orders = nullptr;
  std::function<std::map<std::string, SinkCounters>()> sink_counters;  // of this process
  std::function<std::vector<std::string>()> stalled;                   // threads that do not move
};

void AddRoutes(http::Router& router, RoutesOptions options);

}  // namespace tillrelay::collector
