// What: how many requests a sender may send: so many a second, and a burst on top (GCRA, the leaky
//   bucket as one point in time).
// Thread: one.
#pragma once

#include <algorithm>

#include "common/base/clock.h"

namespace tillrelay::capture {

struct RateLimit {
  Duration interval{0};  // between two requests in the long run; 0: no limit
  int64_t burst = 1;     // requests that may come at once
  static RateLimit PerSecond(int64_t rate, int64_t burst) {
    return {rate == 0 ? Duration(0) : Duration(std::chrono::seconds(1)) / rate, burst};
  }
};

class Allowance {
 public:
  // 0: granted. Else how long to wait; nothing is taken then.
  Duration Take(const RateLimit& limit, Instant now) {
    if (limit.interval.count() == 0) return Duration(0);
    const Instant start = std::max(used_until_, now);
    const Duration over = start + limit.interval - now - limit.interval * limit.burst;
    if (over.count() > 0) return over;
    used_until_ = start + limit.interval;
    return Duration(0);
  }

 private:
  Instant used_until_{};  // if requests came evenly, the last one would have been at this time
};

}  // namespace tillrelay::capture
