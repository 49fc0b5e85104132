// What: whether a store day took back far more or far fewer receipts than the store's own days
//   before it, by their median and the median of the distances to it (MAD), which a few odd days
//   cannot move.
// Promise: pure. Few receipts and few days prove nothing.
// Thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tillrelay::collector {

// Completed receipts of a day: those that sold, and those that took something back.
struct ReturnCounts {
  int64_t sold = 0, returned = 0;
  int64_t receipts() const { return sold + returned; }
};

inline constexpr int64_t kLeastReceipts = 30;  // of a day; of fewer, one more or less is 3 percent
inline constexpr size_t kLeastDays = 7, kMostDays = 28;  // a week; four, so that seasons may come

// "12.5 percent of 80 receipts took something back, 3.1 usually"; "" where it is as usual, or
// nothing is proven. `least_percent`: percentage points that it must be away from the median, at
// least.
std::string FarFromUsual(const ReturnCounts& day, const std::vector<ReturnCounts>& before,
                         int64_t least_percent);

}  // namespace tillrelay::collector
