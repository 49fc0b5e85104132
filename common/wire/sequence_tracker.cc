#include "common/wire/sequence_tracker.h"

#include <algorithm>
#include <iterator>

namespace tillrelay::wire {

SequenceTracker::Seen SequenceTracker::Add(uint64_t sequence) {
  if (sequence <= through_) return Seen::kAgain;
  if (sequence == through_ + 1) {
    ++through_;
    Absorb();
    return Seen::kAdvanced;
  }
  auto next = islands_.upper_bound(sequence);
  const auto before = next == islands_.begin() ? islands_.end() : std::prev(next);
  if (before != islands_.end() && sequence <= before->second) return Seen::kAgain;
  if (above_ >= max_above_) return Seen::kRefused;
  ++above_;
  const bool joins_before = before != islands_.end() && before->second + 1 == sequence;
  const bool joins_next = next != islands_.end() && sequence + 1 == next->first;
  const uint64_t last = joins_next ? next->second : sequence;
  if (joins_next) islands_.erase(next);
  if (joins_before) {
    before->second = last;
  } else {
    islands_[sequence] = last;
  }
  return Seen::kAbove;
}

void SequenceTracker::Jump(uint64_t through) {
  if (through <= through_) return;
  through_ = through;
  Absorb();
}

void SequenceTracker::Absorb() {
  while (!islands_.empty() && islands_.begin()->first <= through_ + 1) {
    const auto [first, last] = *islands_.begin();
    above_ -= last - first + 1;
    through_ = std::max(through_, last);
    islands_.erase(islands_.begin());
  }
}

std::vector<Range> SequenceTracker::Missing(size_t most) const {
  std::vector<Range> holes;
  uint64_t next = through_ + 1;
  for (const auto& [first, last] : islands_) {
    if (holes.size() >= most) break;
    holes.push_back({next, first - 1});
    next = last + 1;
  }
  return holes;
}

}  // namespace tillrelay::wire
