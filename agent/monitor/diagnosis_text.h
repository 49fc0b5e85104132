// What: small texts that verdict and issues share.
// Thread: any (pure).
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "agent/monitor/diagnosis.h"
#include "agent/monitor/strings.h"
#include "common/web/unit_strings.h"

namespace tillrelay::monitor {

inline std::chrono::seconds Age(const Snapshot& s, WallTime since) {
  return std::max(std::chrono::seconds(0), std::chrono::floor<std::chrono::seconds>(s.now - since));
}

inline bool IsSet(WallTime time) { return time != WallTime(); }

// Words from another room as a sentence of its own.
inline std::string Sentence(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 32);
  if (!text.empty() && text.back() != '.') text += '.';
  return text;
}

inline constexpr std::chrono::hours kSayAge{20};

// A clock face; of what is older than it can show, the age.
inline std::string WhenText(const Snapshot& s, WallTime time, const TimeText& time_text) {
  if (!IsSet(time)) return std::string(strings::kTheStart);
  return Age(s, time) < kSayAge ? time_text(time) : AgoText(Age(s, time));
}

// "since 14:02", "since 3 days ago".
inline std::string SinceWhenText(const Snapshot& s, WallTime time, const TimeText& time_text) {
  if (!IsSet(time)) return std::string(strings::kSinceStart);
  return Age(s, time) < kSayAge ? strings::Say(strings::kSince, time_text(time))
                                : SinceText(Age(s, time));
}

inline std::string DiskText(const journal::JournalStats& j) {
  const auto days = static_cast<uint64_t>(std::max(0.0, j.disk_days_left));
  return days == 0 ? std::string(strings::kDiskOne) : strings::Count(strings::kDisk, days);
}

// The issues of a snapshot whose situation is known already.
Findings FindIssues(const Snapshot& snapshot, const Verdict& situation, const TimeText& time_text);

}  // namespace tillrelay::monitor
