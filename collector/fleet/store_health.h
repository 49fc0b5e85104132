// What: a store in one sentence: how it is, what is wrong, and what to look at first.
// Promise: pure. A store that is expected and was never heard from is red.
// Thread: any.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "collector/fleet/fleet.h"
#include "common/web/units.h"

namespace tillrelay::collector {

std::string_view HealthWord(Level level);  // "good" | "warn" | "bad"

// What the database knows of a store.
struct StoreFacts {
  uint64_t streams = 0, confirmed = 0;  // confirmed: events at or below the watermarks
  uint64_t missing = 0;
  std::string missing_since;
  uint64_t diverged = 0, lost = 0, owed = 0, unapplied = 0;
  uint64_t open_losses = 0;  // streams' ends that nobody knows
  uint64_t doubtful = 0;     // events that may have counted before their ids were deleted
  // Exceptions that nobody has acknowledged.
  uint64_t negative = 0, transit_overdue = 0;
  std::string negative_since, retired_at;
  uint64_t held = 0;     // lines of counts that wait for the clock
  uint64_t too_old = 0;  // those that can never be computed
  std::string held_since;
  std::string fork_at, lost_at, owed_since, open_at, doubtful_at, unapplied_since;
  std::string unapplied_first;  // stream, number and reason of one of them
};

struct StoreHealth {
  std::string store;
  Level level = Level::kGreen;
  std::string sentence;  // the first alarm, or that all is well
  struct Alarm {
    Level level;
    std::string text;
  };
  std::vector<Alarm> alarms;  // the worst first
  StoreActivity news;
  StoreFacts facts;
  bool expected = false, known = false;
};

struct HealthRules {
  const std::set<std::string>& expected;
  std::chrono::seconds silent_after;
  WallTime now, started_at;
};

// Every store that is expected, was heard from or has a stream; the worst first, then by name.
std::vector<StoreHealth> AssessStores(const HealthRules& judge,
                                      const std::map<std::string, StoreActivity>& news,
                                      const std::map<std::string, StoreFacts>& facts);

}  // namespace tillrelay::collector
