// What: the collector's metrics as Prometheus text (docs/collector.md, Metrics).
// Promise: store ids are never labels. A figure that is not known is absent, never 0.
// Thread: any.
#pragma once

#include <string>
#include <vector>

#include "collector/fleet/fleet.h"
#include "collector/fleet/store_health.h"

namespace tillrelay::collector {

struct MetricsView {
  CollectorActivity collector;
  std::vector<StoreHealth> stores;
  bool database_answers = true;
};

std::string MetricsText(const MetricsView& view);

}  // namespace tillrelay::collector
