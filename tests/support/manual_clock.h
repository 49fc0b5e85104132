// A clock that stands still until told; wall and monotonic time move together.
#pragma once

#include "common/base/clock.h"

namespace tillrelay::testing {

class ManualClock final : public Clock {
 public:
  Instant Now() const override { return now_; }
  WallTime Wall() const override { return wall_; }
  void Advance(Duration by) {
    now_ += by;
    wall_ += std::chrono::duration_cast<std::chrono::microseconds>(by);
  }
  void SetWall(WallTime wall) { wall_ = wall; }

 private:
  Instant now_{std::chrono::hours(1)};
  WallTime wall_{std::chrono::hours(500'000)};
};

}  // namespace tillrelay::testing
