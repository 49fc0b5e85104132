// What: a store in one sentence: how it is, what is wrong, and what to look at first.
// Promise: pure. A store that is expected and was never heard from is red.
// Thread: any.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "collector/fleet/fleet.h"
#include "collector/fleet/thresholds.h"
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
  // Its exceptions that have not ended, by kind. What a person knows of is not open.
  struct Exceptions {
    uint64_t open = 0, known = 0;
    std::string since;  // the oldest open one
  };
  std::map<std::string, Exceptions, std::less<>> exceptions;
  std::string retired_at;  // the store
  // Those of its own statuses that a person knows of: kind and subject.
  std::set<std::pair<std::string, std::string>> known_alarms;

  // A person knows of everything of that kind.
  bool AllKnown(std::string_view kind) const {
    const auto found = exceptions.find(kind);
    return found != exceptions.end() && found->second.open == 0 && found->second.known > 0;
  }
  Exceptions Of(std::string_view kind) const {
    const auto found = exceptions.find(kind);
    return found == exceptions.end() ? Exceptions() : found->second;
  }
  Exceptions OfAllKinds() const;
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
    // Of what the store says of itself: the exception that stands for it (docs/collector.md).
    std::string kind = {}, subject = {}, since = {};
    int64_t weight = 1;
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
  Thresholds thresholds = {};
};

// What the stores' own statuses, or their silence, say; every alarm that a person may know of is
// there, and nothing that the database knows.
// `stored`: stores that the database knows, whether they were heard or not.
std::vector<StoreHealth> AssessReports(const HealthRules& judge,
                                       const std::map<std::string, StoreActivity>& news,
                                       const std::set<std::string>& stored);

// Every store that is expected, was heard from or has a stream; the worst first, then by name. What
// a person has acknowledged, assigned, resolved or retired is no alarm.
std::vector<StoreHealth> AssessStores(const HealthRules& judge,
                                      const std::map<std::string, StoreActivity>& news,
                                      const std::map<std::string, StoreFacts>& facts);

}  // namespace tillrelay::collector
