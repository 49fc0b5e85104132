// What: the median way of an event, from the journal to whose word counts, over the last hour.
// Promise: cheap enough to be fed by every look. Before an hour has passed: since the start.
// Thread: any.
// Limits: kPlaces samples, one in kStep.
#pragma once

#include <array>
#include <optional>

#include "agent/uplink/uplink_stats.h"
#include "common/base/mutex.h"

namespace tillrelay::monitor {

class LatencyMeter {
 public:
  // In milliseconds; nothing while no event has come through.
  std::optional<double> Feed(Instant now, const uplink::LatencyHistogram& values);

 private:
  static constexpr size_t kPlaces = 13;
  static constexpr std::chrono::minutes kStep{5}, kSpan{60};

  struct Sample {
    Instant at{};
    uplink::LatencyHistogram values{uplink::kLatencyBounds};
  };

  Mutex mutex_;
  // Guarded by mutex_:
  std::array<Sample, kPlaces> samples_ GUARDED_BY(mutex_);
  size_t next_ GUARDED_BY(mutex_) = 0, count_ GUARDED_BY(mutex_) = 0;
};

}  // namespace tillrelay::monitor
