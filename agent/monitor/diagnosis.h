// What: a snapshot -> the verdict: how it stands, why, what is safe, and what a person can do.
// Promise: pure. The worst thing comes first; every other thing that needs a person is in `issues`.
//   A verdict never says less than the numbers: green only if nothing waits for a person. The
//   issues are those of the snapshot's list, where it has one; without it, what it shows itself.
// Thread: any.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/monitor/snapshot.h"
#include "common/web/units.h"

namespace tillrelay::monitor {

inline constexpr double kDiskAmberDays = 7, kDiskRedDays = 2;  // of room

// The store's clock face, "14:02".
using TimeText = std::function<std::string(WallTime)>;
std::string UtcTimeText(WallTime time);  // "14:02Z", where no zone is known

struct Verdict {
  std::string state;  // online | offline | paused | refusing | unconfigured
  Level level = Level::kGreen;
  std::string cause;     // a stable word for scripts: "delivered", "broker-name", "disk" ...
  std::string headline;  // one sentence
  std::string reason;    // why, and what happens next
  std::string safe;      // what is safe meanwhile
  std::vector<std::string> steps;  // what to do, in order; empty: nothing
  std::string sentence;            // headline, reason and disk as running text
  std::vector<Issue> issues;       // each with its own words, open ones first, then the worst
  size_t open_issues() const;
  std::optional<int64_t> drain_s;  // until nothing waits, at the rate of the last minute
};

Verdict Diagnose(const Snapshot& snapshot, const TimeText& time_text = UtcTimeText);

// What this snapshot alone shows that needs a person, whatever its list of issues says.
Findings FindIssues(const Snapshot& snapshot, const TimeText& time_text = UtcTimeText);

// Why there is no proof that head office takes what this store sends: "no-confirmation",
// "not-confirmed", "centre-away"; empty: nothing speaks against it, or only the broker's word
// counts.
std::string_view CentreDoubt(const Snapshot& snapshot);

// Why the intake would refuse an event now: "not-configured", "journal", "disk"; nothing if it
// would accept.
std::optional<std::string_view> IntakeRefusal(const Snapshot& snapshot);

std::string EventsText(uint64_t number);  // "1 event", "412 events"

}  // namespace tillrelay::monitor
