// What: the collector's metrics as Prometheus text (docs/collector.md, Metrics).
// Promise: store ids are never labels. A figure that is not known is absent, never 0.
// Thread: any.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "collector/exceptions/exception_table.h"
#include "collector/fleet/fleet.h"
#include "collector/fleet/store_health.h"
#include "collector/sinks/sink.h"
#include "collector/sinks/sink_states.h"

namespace tillrelay::collector {

struct MetricsView {
  CollectorActivity collector;
  std::vector<StoreHealth> stores;
  ExceptionCounts exceptions;  // of all stores and of none
  std::vector<SinkState> sinks;
  std::map<std::string, SinkCounters> sink_counters;
  bool database_answers = true;
};

std::string MetricsText(const MetricsView& view);

}  // namespace tillrelay::collector
