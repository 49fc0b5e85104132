// What: a snapshot as Prometheus text (exposition format 0.0.4). Names: docs/metrics.md.
// Promise: pure; label values are escaped; a figure that is not known is left out, never 0.
// Thread: any.
// Limits: at most kMaxRegisters registers get series of their own.
#pragma once

#include <string>

#include "agent/monitor/snapshot.h"

namespace tillrelay::api {

inline constexpr size_t kMaxRegisters = 256;  // of one store; more is a mistake, not a shop

std::string MetricsText(const monitor::Snapshot& snapshot);

}  // namespace tillrelay::api
