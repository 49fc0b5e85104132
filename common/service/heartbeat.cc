#include "common/service/heartbeat.h"

#include <algorithm>

namespace tillrelay::service {

Duration Heartbeat::Pulse::Silence(Instant now) const {
  const Duration last(last_.load(std::memory_order_relaxed));
  return std::max(Duration(0), now.time_since_epoch() - last);
}

bool Heartbeat::Pulse::IsStalled(Instant now) const { return Silence(now) > budget_; }

Heartbeat::Pulse& Heartbeat::Add(std::string name, Duration budget, Instant now) {
  return pulses_.emplace_back(std::move(name), budget, now);
}

std::vector<std::string> Heartbeat::Stalled(Instant now) const {
  std::vector<std::string> names;
  for (const Pulse& pulse : pulses_) {
    if (pulse.IsStalled(now)) names.push_back(pulse.name());
  }
  return names;
}

}  // namespace tillrelay::service
