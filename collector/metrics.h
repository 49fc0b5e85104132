// What: the collector's metrics as Prometheus text (docs/collector.md, Metrics).
// Promise: store ids are never labels. A figure that is not known is absent, never 0.
// Thread: any.
#pragma once

#include <string>
#include <vector>

#include "collector/fleet.h"
#include "collector/trouble.h"

namespace tillrelay::collector {

struct MetricsView {
  CollectorNews collector;
  std::vector<StoreTrouble> stores;
  bool database_answers = true;
};

std::string MetricsText(const MetricsView& view);

}  // namespace tillrelay::collector
