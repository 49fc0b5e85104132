#include "common/wire/sequence_tracker.h"

#include <algorithm>
#include <iterator>

namespace tillrelay::wire {

SequenceTracker::Arrival SequenceTracker::Add(uint64_t sequence) {
  if (sequence <= through_) return Arrival::kAgain;
  if (sequence == through_ + 1) {
    ++through_;
    Absorb();
    return Arrival::kAdvanced;
  }
  auto next = runs_above_.upper_bound(sequence);
  const auto before = next == runs_above_.begin() ? runs_above_.end() : std::prev(next);
  if (before != runs_above_.end() && sequence <= before->second) return Arrival::kAgain;
  if (above_ >= max_above_) return Arrival::kRefused;
  ++above_;
  const bool joins_before = before != runs_above_.end() && before->second + 1 == sequence;
  const bool joins_next = next != runs_above_.end() && sequence + 1 == next->first;
  const uint64_t last = joins_next ? next->second : sequence;
  if (joins_next) runs_above_.erase(next);
  if (joins_before) {
    before->second = last;
  } else {
    runs_above_[sequence] = last;
  }
  return Arrival::kAbove;
}

void SequenceTracker::Jump(uint64_t through) {
  if (through <= through_) return;
  through_ = through;
  Absorb();
}

void SequenceTracker::Absorb() {
  while (!runs_above_.empty() && runs_above_.begin()->first <= through_ + 1) {
    const auto [first, last] = *runs_above_.begin();
    above_ -= last - first + 1;
    through_ = std::max(through_, last);
    runs_above_.erase(runs_above_.begin());
  }
}

std::vector<Range> SequenceTracker::Missing(size_t most) const {
  std::vector<Range> holes;
  uint64_t next = through_ + 1;
  for (const auto& [first, last] : runs_above_) {
    if (holes.size() >= most) break;
    holes.push_back({next, first - 1});
    next = last + 1;
  }
  return holes;
}

}  // namespace tillrelay::wire
