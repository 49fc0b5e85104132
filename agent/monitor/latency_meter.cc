#include "agent/monitor/latency_meter.h"

#include <algorithm>

#include "agent/monitor/history.h"

namespace tillrelay::monitor {

std::optional<double> LatencyMeter::Feed(Instant now, const uplink::LatencyHistogram& values) {
  Lock lock(mutex_);
  const size_t last = (next_ + kPlaces - 1) % kPlaces;
  if (count_ == 0 || now - samples_[last].at >= kStep) {
    samples_[next_] = {now, values};
    next_ = (next_ + 1) % kPlaces;
    count_ = std::min(count_ + 1, kPlaces);
  }
  for (size_t back = count_; back > 0; --back) {
    const Sample& from = samples_[(next_ + kPlaces - back) % kPlaces];
    if (now - from.at > kSpan) continue;
    return LatencyMs(values.Since(from.values), 0.5);
  }
  return std::nullopt;
}

}  // namespace tillrelay::monitor
