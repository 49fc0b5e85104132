// What: how often a value was at most each of a few bounds; a Prometheus histogram as a value.
// Thread: one writer; copies are values.
// Limits: kBounds bounds, set at construction.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace tillrelay {

class Histogram {
 public:
  static constexpr size_t kBounds = 10;
  using Bounds = std::array<double, kBounds>;  // ascending

  explicit constexpr Histogram(const Bounds& bounds) : bounds_(bounds) {}

  void Add(double value) {
    const auto at = std::lower_bound(bounds_.begin(), bounds_.end(), value);
    if (at != bounds_.end()) ++counts_[static_cast<size_t>(at - bounds_.begin())];
    ++count_;
    sum_ += value;
  }
  const Bounds& bounds() const { return bounds_; }
  // Of each class, not added up; what is above all bounds is only in count().
  const std::array<uint64_t, kBounds>& counts() const { return counts_; }
  uint64_t count() const { return count_; }
  double sum() const { return sum_; }

 private:
  Bounds bounds_;
  std::array<uint64_t, kBounds> counts_{};
  uint64_t count_ = 0;
  double sum_ = 0;
};

// Seconds that a disk or a line takes.
inline constexpr Histogram::Bounds kSecondsBounds{0.001, 0.0025, 0.005, 0.01, 0.025,
                                                  0.05,  0.1,    0.5,   1,    10};
inline constexpr Histogram::Bounds kCountBounds{1, 2, 5, 10, 25, 50, 100, 250, 500, 1000};

}  // namespace tillrelay
