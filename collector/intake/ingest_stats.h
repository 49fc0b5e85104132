// What: what became of the messages since the start, for metrics and page.
// Thread: a value.
#pragma once

#include <cstdint>

namespace tillrelay::collector {

struct IngestCounters {
  uint64_t messages = 0, groups = 0;
  uint64_t counted = 0, out_of_order = 0, duplicates = 0, forks = 0, dropped = 0;
  uint64_t parked = 0, filled = 0, doubtful = 0;
  uint64_t unapplied = 0, no_room = 0;
  uint64_t malformed = 0, foreign = 0, broken_chain = 0, unstorable = 0;
  uint64_t too_many_streams = 0;
  uint64_t failed_groups = 0;
};

}  // namespace tillrelay::collector
