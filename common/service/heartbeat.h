// What: whether every thread still moves. Each beats; the watchdog is patted only if none stalled.
// Promise: a thread counts as stalled when its last beat is older than its own budget. Waiting for
//   a broker is no stall: a thread beats in its loop, whatever the other side does.
// Thread: Add on main before the threads start; Beat by the thread of that beat; Stalled any.
#pragma once

#include <atomic>
#include <deque>
#include <string>
#include <vector>

#include "common/base/clock.h"

namespace tillrelay::service {

class Heartbeat {
 public:
  class Pulse {
   public:
    Pulse(std::string name, Duration budget, Instant now)
        : name_(std::move(name)), budget_(budget), last_(now.time_since_epoch().count()) {}
    void Beat(Instant now) {
      last_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
    }
    // One step that cannot beat begins and may take so long; the budget counts from its end. The
    // next beat ends it.
    void ExpectSilence(Instant now, Duration most) { Beat(now + most); }
    const std::string& name() const { return name_; }
    Duration budget() const { return budget_; }
    Duration Silence(Instant now) const;
    bool IsStalled(Instant now) const;

   private:
    const std::string name_;
    const Duration budget_;
    std::atomic<Duration::rep> last_;
  };

  // The pulse lives as long as the Heartbeat. It counts as having beaten at `now`.
  Pulse& Add(std::string name, Duration budget, Instant now);
  // The names of the threads past their budget; empty: pat the watchdog.
  std::vector<std::string> Stalled(Instant now) const;
  const std::deque<Pulse>& pulses() const { return pulses_; }

 private:
  std::deque<Pulse> pulses_;
};

}  // namespace tillrelay::service
