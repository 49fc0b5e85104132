// What: of which times of recording a store's ids have been deleted by age.
// Promise: pure. Every deleted event lies in a range; an event that lies in one, or before the last
//   one that is no mistake of a clock, may be one of them.
// Thread: any (values).
// Limits: kMaxForgotten ranges a store; beyond that the nearest two become one, which doubts more.
#pragma once

#include <vector>

#include "common/base/clock.h"

namespace tillrelay::collector {

// Inclusive at both ends, by the store's own clock.
struct PurgedRange {
  WallTime first{}, last{};
  bool operator==(const PurgedRange&) const = default;
};
using PurgedRanges = std::vector<PurgedRange>;  // ascending, far apart

inline constexpr std::chrono::hours kForgottenGap{45 * 24};  // nearer ranges are one
inline constexpr size_t kMaxForgotten = 64;

// An event that was recorded at `at` has been deleted.
void NotePurged(WallTime at, PurgedRanges* ranges);

// Whether an event that was recorded at `at` and is not known may have been deleted. `now` by our
// clock: a range behind it comes from a clock that was ahead, and says nothing about what lies
// before.
bool MayBePurged(const PurgedRanges& ranges, WallTime at, WallTime now);

}  // namespace tillrelay::collector
