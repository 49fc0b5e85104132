// What: snapshots of a store in every situation that the page must explain.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/monitor/snapshot.h"

namespace tillrelay::monitor {

// 2026-11-21, 14:37:12 UTC.
WallTime SampleNow();
// A store on line with everything delivered and three registers.
Snapshot Healthy();

struct Sample {
  std::string name;
  std::function<void(Snapshot&)> change;  // what differs from Healthy
};
const std::vector<Sample>& Samples();
Snapshot SampleNamed(const std::string& name);

}  // namespace tillrelay::monitor
