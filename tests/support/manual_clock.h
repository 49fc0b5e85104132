// A clock that stands still until told; wall and monotonic time move together. Any thread may
// read it while another one moves it.
#pragma once

#include <atomic>

#include "common/base/clock.h"

namespace tillrelay::testing {

class ManualClock final : public Clock {
 public:
  Instant Now() const override { return now_; }
  WallTime Wall() const override { return wall_; }
  void Advance(Duration by) {
    now_ = now_.load() + by;
    wall_ = wall_.load() + std::chrono::duration_cast<std::chrono::microseconds>(by);
  }
  void SetWall(WallTime wall) { wall_ = wall; }

 private:
  std::atomic<Instant> now_{Instant(std::chrono::hours(1))};
  std::atomic<WallTime> wall_{WallTime(std::chrono::hours(500'000))};
};

}  // namespace tillrelay::testing
