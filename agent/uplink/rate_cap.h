// What: a bound on events and bytes per second: a bucket that holds one second's worth.
// Promise: over any long time no more than the bound is let through, in whatever form events
// travel;
//   one event always fits, however large.
// Thread: uplink.
#pragma once

#include <algorithm>

#include "common/base/clock.h"

namespace tillrelay::uplink {

class RateCap {
 public:
  // 0: no bound.
  RateCap(uint64_t events_per_s, uint64_t bytes_per_s)
      : events_{static_cast<double>(events_per_s)}, bytes_{static_cast<double>(bytes_per_s)} {}

  // How many events may go now; at most `most`.
  uint64_t Room(uint64_t most, Instant now) {
    Refill(now);
    if (bytes_.per_s > 0 && bytes_.left <= 0) return 0;
    if (events_.per_s <= 0) return bytes_.per_s > 0 ? std::min<uint64_t>(most, kStep) : most;
    return events_.left < 1 ? 0 : std::min(most, static_cast<uint64_t>(events_.left));
  }
  // A message with so many events, of so many bytes as they went out.
  void Took(uint64_t events, size_t bytes) {
    events_.left -= static_cast<double>(events);
    bytes_.left -= static_cast<double>(bytes);
  }
  // When there is room again; `now` if there is.
  Instant Next(Instant now) const {
    return now + Duration(static_cast<int64_t>(std::max(events_.Wait(1), bytes_.Wait(1)) * 1e9));
  }

 private:
  static constexpr uint64_t kStep = 16;  // events handed out at once when only bytes are bounded
  struct Bucket {
    double per_s = 0;
    double left = per_s;
    double Wait(double want) const {
      return per_s <= 0 || left >= want ? 0 : (want - left) / per_s;
    }
  };
  void Refill(Instant now) {
    if (now <= at_) return;
    const double passed = std::min(1.0, std::chrono::duration<double>(now - at_).count());
    at_ = now;
    for (Bucket* bucket : {&events_, &bytes_}) {
      bucket->left = std::min(bucket->per_s, bucket->left + passed * bucket->per_s);
    }
  }
  Bucket events_, bytes_;
  Instant at_{};
};

}  // namespace tillrelay::uplink
