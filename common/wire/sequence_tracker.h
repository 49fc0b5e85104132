// What: which numbers of a stream have been seen: a contiguous watermark and the runs of numbers
// above it. Promise: the watermark never jumps a hole by itself. Used for acknowledgements by the
// sender and
//   for received events by the collector.
// Thread: one.
// Limits: at most `max_above` numbers above the watermark are remembered; beyond that Add refuses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "common/wire/control.h"

namespace tillrelay::wire {

class SequenceTracker {
 public:
  enum class Arrival { kAdvanced, kAbove, kAgain, kRefused };

  explicit SequenceTracker(uint64_t through = 0, size_t max_above = 100'000)
      : through_(through), max_above_(max_above) {}

  uint64_t through() const { return through_; }
  uint64_t highest() const { return runs_above_.empty() ? through_ : runs_above_.rbegin()->second; }
  size_t above() const { return above_; }

  Arrival Add(uint64_t sequence);
  // Everything up to `through` counts as seen: a restart, or a declared loss.
  void Jump(uint64_t through);
  // The holes below `highest()`, lowest first, at most `most` of them.
  std::vector<Range> Missing(size_t most) const;

 private:
  void Absorb();
  uint64_t through_;
  size_t max_above_;
  size_t above_ = 0;
  std::map<uint64_t, uint64_t> runs_above_;  // first -> last, disjoint, not touching
};

}  // namespace tillrelay::wire
