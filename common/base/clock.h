// What: the two kinds of now. Monotonic time for deadlines, wall time for records that people read.
// Promise: correctness never depends on the wall clock; it may jump in either direction.
// Thread: any. The real clock is made only in the main functions and handed in.
#pragma once

#include <chrono>
#include <cstdint>

namespace tillrelay {

using Duration = std::chrono::nanoseconds;
// Monotonic: time since an arbitrary start, comparable only within one process.
using Instant = std::chrono::time_point<std::chrono::steady_clock, Duration>;
// Wall: microseconds since 1970-01-01T00:00:00Z.
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

// How a time is kept in databases and sent in numbers.
inline int64_t Micros(WallTime time) { return time.time_since_epoch().count(); }

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant Now() const = 0;
  virtual WallTime Wall() const = 0;
};

class SystemClock final : public Clock {
 public:
  Instant Now() const override { return std::chrono::steady_clock::now(); }
  WallTime Wall() const override {
    return std::chrono::time_point_cast<std::chrono::microseconds>(
        std::chrono::system_clock::now());
  }
};

}  // namespace tillrelay
