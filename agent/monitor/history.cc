#include "agent/monitor/history.h"

#include <algorithm>

namespace tillrelay::monitor {
namespace {

constexpr int64_t kMinute = 60;

// Whose word counts.
uint64_t Confirmed(const HistoryGauge::Sample& look) {
  return look.journal.head - std::min(look.journal.head, look.journal.waiting);
}

double PerSecond(uint64_t now, uint64_t then, double seconds) {
  return now <= then ? 0 : static_cast<double>(now - then) / seconds;
}

}  // namespace

std::optional<double> LatencyMs(const uplink::LatencyHistogram& values, double share) {
  const auto seconds = values.Quantile(share);
  return seconds ? std::optional(1000 * *seconds) : std::nullopt;
}

void HistoryGauge::Start(const Sample& look) {
  const int64_t at_s =
      std::chrono::floor<std::chrono::seconds>(look.wall.time_since_epoch()).count();
  begin_ = {at_s / kMinute,
            look.now,
            look.journal.stored_total,
            Confirmed(look),
            look.uplink.to_broker,
            look.uplink.to_centre};
  waiting_ = looks_ = online_ = 0;
}

journal::HistoryPoint HistoryGauge::End(const Sample& look) const {
  journal::HistoryPoint point;
  point.at_s = begin_.minute * kMinute;
  const double seconds =
      std::max(std::chrono::duration<double>(look.now - begin_.at).count(), 0.001);
  const auto broker = look.uplink.to_broker.Since(begin_.broker);
  const auto centre = look.uplink.to_centre.Since(begin_.centre);
  point.values = {
      static_cast<double>(waiting_),
      PerSecond(look.journal.stored_total, begin_.stored, seconds),
      PerSecond(Confirmed(look), begin_.confirmed, seconds),
      LatencyMs(broker, 0.5),
      LatencyMs(broker, 0.99),
      LatencyMs(centre, 0.5),
      LatencyMs(centre, 0.99),
      static_cast<double>(online_) / static_cast<double>(std::max<uint64_t>(looks_, 1))};
  return point;
}

std::optional<journal::HistoryPoint> HistoryGauge::Tick(const Sample& look) {
  const int64_t minute =
      std::chrono::floor<std::chrono::seconds>(look.wall.time_since_epoch()).count() / kMinute;
  std::optional<journal::HistoryPoint> ended;
  if (minute != begin_.minute) {
    if (begin_.minute >= 0 && looks_ > 0) ended = End(look);
    Start(look);
  }
  waiting_ = std::max(waiting_, look.journal.waiting);
  ++looks_;
  online_ += look.uplink.phase == uplink::LinkPhase::kOnline;
  return ended;
}

}  // namespace tillrelay::monitor
