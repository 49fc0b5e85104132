// What: how long events take from the journal to the broker's acknowledgement and to the centre's
//   word, as counts in fixed classes.
// Promise: costs nothing but a look at two numbers; kProbes events are watched at a time, the
// others
//   are not measured. The wall clock gives the times: a difference that cannot be is left out.
// Thread: one (uplink).
#pragma once

#include <deque>

#include "agent/uplink/uplink_stats.h"
#include "common/base/clock.h"

namespace tillrelay::uplink {

class Latency {
 public:
  static constexpr size_t kProbes = 256;

  // A live event of the current stream has left.
  void Sent(uint64_t sequence, WallTime recorded_at) {
    if (sequence <= last_) return;  // again, after a lost connection
    last_ = sequence;
    if (broker_.waiting.size() < kProbes) broker_.waiting.push_back({sequence, recorded_at});
    if (centre_.waiting.size() < kProbes) centre_.waiting.push_back({sequence, recorded_at});
  }
  void AckedThrough(uint64_t through, WallTime now) { broker_.Passed(through, now); }
  void ConfirmedThrough(uint64_t through, WallTime now) { centre_.Passed(through, now); }
  // Another stream: its numbers say nothing about the old ones.
  void Forget() {
    broker_.waiting.clear();
    centre_.waiting.clear();
    last_ = 0;
  }
  const LatencyHistogram& broker() const { return broker_.counts; }
  const LatencyHistogram& centre() const { return centre_.counts; }

 private:
  struct Probe {
    uint64_t sequence = 0;
    WallTime recorded_at{};
  };
  struct Watch {
    std::deque<Probe> waiting;
    LatencyHistogram counts{kLatencyBounds};
    void Passed(uint64_t through, WallTime now) {
      for (; !waiting.empty() && waiting.front().sequence <= through; waiting.pop_front()) {
        const auto took = now - waiting.front().recorded_at;
        if (took.count() >= 0) counts.Add(std::chrono::duration<double>(took).count());
      }
    }
  };
  Watch broker_, centre_;
  uint64_t last_ = 0;
};

}  // namespace tillrelay::uplink
