// What: when to try the broker again: exponential with full jitter between two bounds.
// Promise: the exponent is forgotten only after the link has stayed up for a minute, so that a
//   broker that accepts and drops at once is not hammered.
// Thread: uplink.
#pragma once

#include <algorithm>

#include "agent/uplink/timing.h"
#include "common/base/backoff.h"
#include "common/base/random.h"

namespace tillrelay::uplink {

class ReconnectDelay {
 public:
  ReconnectDelay(milliseconds least, milliseconds most, Random* random)
      : least_(least), most_(most), random_(*random) {}

  // The wait before the next attempt; the one after that may be twice as long.
  Duration Next() {
    const Duration bound = Backoff(least_, most_, failures_);
    if (bound < most_) ++failures_;
    const auto jitter = static_cast<int64_t>(random_.Unit() * static_cast<double>(bound.count()));
    return std::max<Duration>(least_ / 2, Duration(jitter));
  }
  // The wait that Next has just given is the first one since the exponent was forgotten.
  bool first() const { return failures_ <= 1; }
  void LinkWasUpFor(Duration up) {
    if (up >= kStableAfter) Forget();
  }
  void Forget() { failures_ = 0; }

 private:
  const milliseconds least_, most_;
  Random& random_;
  int failures_ = 0;
};

}  // namespace tillrelay::uplink
