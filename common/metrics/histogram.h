// What: how often a value was at most each of a few bounds; a Prometheus histogram as a value.
// Thread: one writer; copies are values.
// Limits: N bounds, set at construction.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace tillrelay {

template <size_t N>
class HistogramOf {
 public:
  using Bounds = std::array<double, N>;  // ascending

  explicit constexpr HistogramOf(const Bounds& bounds) : bounds_(bounds) {}

  void Add(double value) {
    const auto at = std::lower_bound(bounds_.begin(), bounds_.end(), value);
    if (at != bounds_.end()) ++counts_[static_cast<size_t>(at - bounds_.begin())];
    ++count_;
    sum_ += value;
  }
  const Bounds& bounds() const { return bounds_; }
  // Of each class, not added up; what is above all bounds is only in count().
  const std::array<uint64_t, N>& counts() const { return counts_; }
  uint64_t count() const { return count_; }
  double sum() const { return sum_; }
  // What was added since `earlier`, an older copy of this histogram.
  HistogramOf Since(const HistogramOf& earlier) const {
    HistogramOf added(bounds_);
    for (size_t i = 0; i < N; ++i) added.counts_[i] = counts_[i] - earlier.counts_[i];
    added.count_ = count_ - earlier.count_;
    added.sum_ = sum_ - earlier.sum_;
    return added;
  }
  // The value that `share` of all values do not exceed, between its class's bounds in proportion;
  // the last bound where it lies above all of them. Nothing without values.
  std::optional<double> Quantile(double share) const {
    if (count_ == 0) return std::nullopt;
    const double wanted = share * static_cast<double>(count_);
    double below = 0;
    for (size_t i = 0; i < N; ++i) {
      const auto here = static_cast<double>(counts_[i]);
      const double low = i == 0 ? 0 : bounds_[i - 1];
      if (here > 0 && below + here >= wanted) {
        return low + (bounds_[i] - low) * (wanted - below) / here;
      }
      below += here;
    }
    return bounds_.back();
  }

 private:
  Bounds bounds_;
  std::array<uint64_t, N> counts_{};
  uint64_t count_ = 0;
  double sum_ = 0;
};

using Histogram = HistogramOf<10>;

// Seconds that a disk or a line takes.
inline constexpr Histogram::Bounds kSecondsBounds{0.001, 0.0025, 0.005, 0.01, 0.025,
                                                  0.05,  0.1,    0.5,   1,    10};
inline constexpr Histogram::Bounds kCountBounds{1, 2, 5, 10, 25, 50, 100, 250, 500, 1000};

}  // namespace tillrelay
