// What: how fast events come in and go out, over the last minute.
// Promise: cheap enough to be fed by every look; two looks within a second count as one.
// Thread: any.
// Limits: kPlaces samples, so that a minute of looks every second is covered.
#pragma once

#include <array>
#include <cstdint>

#include "agent/monitor/snapshot.h"
#include "common/base/mutex.h"

namespace tillrelay::monitor {

class RateMeter {
 public:
  // A number of another stream, or one that went back, begins anew.
  Rates Feed(Instant now, const Snapshot& snapshot);

 private:
  static constexpr size_t kPlaces = 64;
  static constexpr std::chrono::seconds kSpan{60}, kStep{1}, kLeast{5};

  struct Sample {
    Instant at{};
    uint64_t stored = 0, delivered = 0;
  };

  Mutex mutex_;
  // Guarded by mutex_:
  std::array<Sample, kPlaces> samples_ GUARDED_BY(mutex_);
  size_t next_ GUARDED_BY(mutex_) = 0, count_ GUARDED_BY(mutex_) = 0;
  std::string stream_ GUARDED_BY(mutex_);
};

}  // namespace tillrelay::monitor
