// What: how much time the collector was really seen to run, and which positions are old enough to
// be
//   deleted: the one place that decides about deletion by age.
// Promise: nothing is deleted because a wall clock says so. Counted by the monotonic clock of
//   whichever collector leads, over restarts; time in which none ran does not count, so that events
//   stay longer, never shorter. Two that count at once add nothing twice.
// Thread: the collector's.
// Errors: those of the database.
// Limits: saved once a minute; a mark each hour.
#pragma once

#include <optional>

#include "collector/db/tables.h"
#include "common/base/clock.h"

namespace tillrelay::collector {

class ObservedAge {
 public:
  static constexpr std::chrono::seconds kSaveEvery{60};
  static constexpr std::chrono::hours kMarkEvery{1};

  // At every turn of the loop; `position` is the last one that is known now. Writes what is due, in
  // a transaction of its own.
  Status Observe(Tables* tables, Instant now, uint64_t position);
  // Another collector leads: what passes is not ours to count.
  void Pause() { seen_at_.reset(); }
  // Positions up to here are at least `keep` old; 0: none is.
  Result<uint64_t> PositionOf(Tables* tables, Duration keep) const;

 private:
  Status Save(Tables* tables, Instant now);

  std::optional<Instant> seen_at_;  // the last turn
  Instant saved_at_{};
  uint64_t position_ = 0;  // at the last turn
  Duration unsaved_{0};    // seen since the row was written
  // As of the row: what this collector wrote or read last.
  std::optional<int64_t> saved_s_;
  std::optional<int64_t> marked_s_;
};

}  // namespace tillrelay::collector
