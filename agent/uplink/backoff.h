// What: when to try the broker again: exponential with full jitter between two bounds.
// Promise: the exponent is forgotten only after the link has stayed up for a minute, so that a
//   broker that accepts and drops at once is not hammered.
// Thread: uplink.
#pragma once

#include <algorithm>

#include "agent/uplink/timing.h"
#include "common/base/clock.h"
#include "common/base/random.h"

namespace tillrelay::uplink {

class Backoff {
 public:
  Backoff(milliseconds least, milliseconds most, Random* random)
      : least_(least), most_(most), random_(*random) {}

  // The wait before the next attempt; the one after that may be twice as long.
  Duration Next() {
    const Duration bound = std::min<Duration>(most_, least_ * (int64_t{1} << exponent_));
    if (exponent_ < 20 && bound < most_) ++exponent_;
    const auto jitter = static_cast<int64_t>(random_.Unit() * static_cast<double>(bound.count()));
    return std::max<Duration>(least_ / 2, Duration(jitter));
  }
  // The wait that Next has just given is the first one since the exponent was forgotten.
  bool first() const { return exponent_ <= 1; }
  void LinkWasUpFor(Duration up) {
    if (up >= kStableAfter) exponent_ = 0;
  }

 private:
  const milliseconds least_, most_;
  Random& random_;
  int exponent_ = 0;
};

}  // namespace tillrelay::uplink
