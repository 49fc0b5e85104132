#include "agent/monitor/rate_meter.h"

namespace tillrelay::monitor {

Rates RateMeter::Feed(Instant now, const Snapshot& snapshot) {
  const Sample sample{now, snapshot.journal.head, snapshot.delivered_through()};
  Lock lock(mutex_);
  const Sample* last = count_ > 0 ? &samples_[(next_ + kPlaces - 1) % kPlaces] : nullptr;
  const bool other =
      stream_ != snapshot.journal.stream ||
      (last != nullptr && (sample.stored < last->stored || sample.delivered < last->delivered));
  if (other) {
    count_ = next_ = 0;
    last = nullptr;
    stream_ = snapshot.journal.stream;
  }
  if (last == nullptr || now - last->at >= kStep) {
    samples_[next_] = sample;
    next_ = (next_ + 1) % kPlaces;
    count_ = std::min(count_ + 1, kPlaces);
  }
  // The oldest sample that is no older than the span.
  for (size_t back = count_; back > 0; --back) {
    const Sample& from = samples_[(next_ + kPlaces - back) % kPlaces];
    const Duration age = now - from.at;
    if (age > kSpan) continue;
    if (age < kLeast) break;
    const double seconds = std::chrono::duration<double>(age).count();
    return {static_cast<double>(sample.stored - from.stored) / seconds,
            static_cast<double>(sample.delivered - from.delivered) / seconds};
  }
  return {};
}

}  // namespace tillrelay::monitor
