// What: the simulation's time: what is to happen when, in order, ties in the order of their
// planning.
#pragma once

#include <functional>
#include <map>

#include "tests/support/manual_clock.h"

namespace tillrelay::sim {

class Timeline {
 public:
  testing::ManualClock clock;
  Instant now() const { return clock.Now(); }
  void After(Duration delay, std::function<void()> what) {
    plans_.emplace(now() + delay, std::move(what));
  }
  Instant next() const { return plans_.empty() ? Instant::max() : plans_.begin()->first; }
  // Moves to `until` and runs everything that is due by then.
  void RunTo(Instant until) {
    if (until > now()) clock.Advance(until - now());
    while (!plans_.empty() && plans_.begin()->first <= now()) {
      const auto what = std::move(plans_.begin()->second);
      plans_.erase(plans_.begin());
      what();
    }
  }

 private:
  std::multimap<Instant, std::function<void()>> plans_;
};

}  // namespace tillrelay::sim
