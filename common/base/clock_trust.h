// What: whether this machine's wall clock can be trusted: the centre has agreed with it of late.
// Promise: without a live confirmation of the last 24 hours that agreed within 5 minutes it is not
//   trusted; one that disagrees takes the trust back at once, and so does a step of the clock
//   since.
// Thread: any.
#pragma once

#include <chrono>
#include <optional>

#include "common/base/clock.h"
#include "common/base/mutex.h"

namespace tillrelay {

class ClockTrust {
 public:
  static constexpr std::chrono::minutes kAgreement{5};
  static constexpr std::chrono::hours kLasts{24};

  struct Agreed {
    Instant at{};
    WallTime wall{};
  };
  static bool Small(Duration apart) {
    return apart <= kAgreement && apart >= -Duration(kAgreement);
  }

  // What an earlier life has heard, in this clock's own instants.
  void Restore(const Agreed& agreed) {
    Lock lock(mutex_);
    if (!agreed_) agreed_ = agreed;
  }
  // The centre's clock was `ahead` of this one when it spoke just now.
  void Compared(Duration ahead, const Clock& clock) {
    Lock lock(mutex_);
    agreed_.reset();
    if (Small(ahead)) agreed_ = Agreed{clock.Now(), clock.Wall()};
  }
  bool Trusted(const Clock& clock) const {
    Lock lock(mutex_);
    if (!agreed_) return false;
    const Duration passed = clock.Now() - agreed_->at;
    return passed >= Duration(0) && passed <= kLasts &&
           Small(clock.Wall() - agreed_->wall - passed);
  }

 private:
  mutable Mutex mutex_;
  std::optional<Agreed> agreed_ GUARDED_BY(mutex_);
};

}  // namespace tillrelay
