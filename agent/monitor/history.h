// What: once a second a look at journal and uplink, once a minute a point of the history.
// Promise: pure; rates come from the monotonic clock. A minute that began before the service did,
// or in
//   which the clock was set, is told for as long as it was seen.
// Thread: one (journal).
#pragma once

#include <optional>

#include "agent/journal/history_stats.h"
#include "agent/journal/journal_stats.h"
#include "agent/uplink/uplink_stats.h"
#include "common/base/clock.h"

namespace tillrelay::monitor {

class HistoryGauge {
 public:
  struct Sample {
    const journal::JournalStats& journal;
    const uplink::UplinkStats& uplink;
    Instant now{};
    WallTime wall{};
  };
  // The minute that has just ended, if one has.
  std::optional<journal::HistoryPoint> Tick(const Sample& look);

 private:
  struct Begin {
    int64_t minute = -1;
    Instant at{};
    uint64_t stored = 0, confirmed = 0;
    uplink::LatencyHistogram broker{uplink::kLatencyBounds}, centre{uplink::kLatencyBounds};
  };
  void Start(const Sample& look);
  journal::HistoryPoint End(const Sample& look) const;

  Begin begin_;
  uint64_t waiting_ = 0;  // the most of this minute
  uint64_t looks_ = 0, online_ = 0;
};

// How many milliseconds `share` of the events took at most; nothing without events.
std::optional<double> LatencyMs(const uplink::LatencyHistogram& values, double share);

}  // namespace tillrelay::monitor
