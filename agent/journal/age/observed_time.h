// What: how much time was really seen to pass, and how old something is at least. The one place
// that
//   decides what is old enough to be deleted, forgotten or trimmed; docs/journal.md, "Age".
// Promise: an age is never larger than the time that has really passed, whatever the wall clock
//   shows, shows later or showed before, and never becomes smaller. Time while the service ran is
//   counted by the monotonic clock. Time in between is credited when head office's clock and our
//   own agreed before and agree after it, less kTolerance and at most kMostCredit a time.
// Thread: none of its own (a value).
// Limits: kMaxCredits and kMaxRuns are remembered; what is older than they reach counts as younger.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"

namespace tillrelay::journal {

using SeenMs = int64_t;  // milliseconds that the service was seen to run, since the file was made

class ObservedTime {
 public:
  static constexpr std::chrono::minutes kAgreement{2};  // between two clocks that agree
  static constexpr std::chrono::minutes kTolerance{2 * kAgreement};
  static constexpr std::chrono::hours kMostCredit{31 * 24};
  static constexpr std::chrono::minutes kJump{1};  // of the wall clock against the monotonic one
  static constexpr size_t kMaxCredits = 512, kMaxRuns = 2048;

  // From `from` on our wall clock ran evenly, and showed `wall` at first.
  struct Run {
    SeenMs from = 0;
    WallTime wall{};
  };

  // What has passed since the last call is counted; nothing before the first. True: the wall clock
  // did not run evenly since then, so that a new run begins.
  bool Observe(Instant tick, WallTime wall);
  // Both clocks agreed at `at`, when ours showed `own`. True: time was credited.
  bool Agree(Instant at, WallTime own);

  SeenMs now() const { return now_; }
  // Everything with this stamp or a lower one is at least `keep` old; below 0: nothing is.
  SeenMs Cutoff(Duration keep) const;
  // At least, of what our wall clock stamped with `wall`.
  Duration AgeOf(WallTime wall) const;

  const std::vector<Run>& runs() const { return runs_; }
  // What our wall clock showed when it was looked at last; the epoch: nobody knows.
  WallTime LastShown() const;
  // What has to be kept beside the runs, as text with a seal.
  std::string Text() const;
  // Nothing where the text is not whole.
  static std::optional<ObservedTime> Read(std::string_view text);
  // What was read back after a stop; stamps up to `highest` are in use.
  void Restore(std::vector<Run> runs, SeenMs highest);

 private:
  struct Anchor {  // both clocks agreed
    WallTime wall{};
    SeenMs at = 0;
  };
  struct Credit {  // so much passed unseen, at some time after `after`
    SeenMs after = 0, ms = 0;
  };
  Duration AgeOfStamp(SeenMs stamp) const;

  SeenMs now_ = 0, started_ = 0;
  std::optional<Anchor> anchor_;
  std::vector<Credit> credits_;  // ascending
  std::vector<Run> runs_;        // ascending, each until the next
  std::optional<Instant> tick_;
  Duration below_ms_{0};  // seen, and not a whole millisecond yet
};

}  // namespace tillrelay::journal
