// What: one thing that needs a person: what it is, since when, what to do, and how far that has
// come. Thread: any (value).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/web/units.h"

namespace tillrelay::monitor {

inline constexpr std::string_view kIssueKinds[] = {
    "alarm",         "broker-login",   "broker-rights", "broker-settings",
    "broker-tls",    "certificate",    "clock",         "confirmation-refused",
    "day",           "disk",           "disk-low",      "drop-folder",
    "file-rejected", "journal",        "journal-busy",  "large-messages",
    "loss",          "more",           "no-broker",     "not-configured",
    "parked",        "paused",         "quarantine",    "repaired",
    "retention",     "shared-counter", "silent",        "take-over",
    "two-servers",   "unapplied",      "undelivered",   "unknown-stream",
    "unreadable",
};

enum class IssueState { kOpen, kAcknowledged, kHealed };
inline std::string_view StateWord(IssueState state) {
  return state == IssueState::kOpen           ? "open"
         : state == IssueState::kAcknowledged ? "acknowledged"
                                              : "healed";
}

struct Issue {
  Level level = Level::kAmber;
  std::string title, detail;
  std::string view;       // the page's view that shows more, "/quarantine"; may be empty
  std::string kind = {};  // a stable word for scripts: "quarantine", "day" ...
  std::string key = {};   // which one of its kind, "2026-11-28/03"; empty where there is only one
  std::string step = {};  // what to do; empty: the verdict's own steps
  uint64_t weight = 0;    // how bad, within its kind: more of it is worse
  bool stays = false;     // until a person has seen it, though nothing reports it any more

  // What the list adds.
  IssueState state = IssueState::kOpen;
  WallTime since{};
  uint64_t count = 1;              // times it came, brief ends in between left out of account
  std::string by = {}, note = {};  // who has acknowledged it, and why
  WallTime acknowledged_at{}, healed_at{};  // the epoch: not

  // "day/2026-11-28/03"; of one that is alone of its kind the kind.
  std::string id() const { return key.empty() ? kind : kind + "/" + key; }
};

// What a snapshot says of issues.
struct Findings {
  std::vector<Issue> found;
  std::vector<std::string> settled;  // ids of those that stay and are over all the same
};

}  // namespace tillrelay::monitor
