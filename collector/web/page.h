// What: the one page: a verdict in words, totals, and every store sorted by trouble.
// Promise: complete without JavaScript; every text from outside is escaped; a state is a symbol and
//   a word, never a colour alone. The title tells the state.
// Thread: any.
#pragma once

#include <string>
#include <vector>

#include "collector/fleet/fleet.h"
#include "collector/fleet/store_health.h"

namespace tillrelay::collector {

struct PageView {
  WallTime now{};
  CollectorActivity collector;
  bool database_answers = true;
  std::vector<StoreHealth> stores;  // the worst first
  uint64_t halted_sinks = 0;
};

std::string PageHtml(const PageView& view);

}  // namespace tillrelay::collector
