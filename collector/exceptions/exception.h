// What: one thing that somebody has to look at: what it is, since when, how bad, and how far the
//   work on it has come.
// Promise: pure. The collector opens one when its condition is found, updates it, and resolves it
//   when the condition is gone. What a person has acknowledged, assigned or resolved is open again
//   when it gets worse; what is retired stays retired. A condition that still holds cannot be
//   resolved by a word: only what has happened once can.
// Thread: any (values).
// Errors: invalid (the order), conflict (it cannot be decided so now).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/web/units.h"

namespace tillrelay::collector {

// How exceptions of a kind live.
enum class Life {
  kCondition,  // holds until it is gone
  kFact,       // has happened; a person may resolve it, and it may be mended
  kOnce,       // has happened; seen once, at the moment when it happened
};

struct KindRule {
  std::string_view word;
  Level level = Level::kAmber;
  Life life = Life::kCondition;
  int worse_percent = 0;   // more than this above what a person has seen is worse
  bool by_status = false;  // found in what stores say of themselves, not in tables
  std::string_view title;
};
std::span<const KindRule> ExceptionKinds();
const KindRule* FindKind(std::string_view word);  // null: there is none

struct ExceptionKey {
  std::string store, kind, subject;
  auto operator<=>(const ExceptionKey&) const = default;
};

// What a detector sees.
struct Finding {
  ExceptionKey key;
  std::string item, since, detail;  // since: UTC text
  int64_t weight = 1;               // how bad within its kind
  Level level = Level::kAmber;
  std::optional<int64_t> money;  // millionths of `currency`
  std::string currency;
};

inline constexpr std::string_view kOpen = "open", kAcknowledged = "acknowledged",
                                  kAssigned = "assigned", kResolved = "resolved",
                                  kRetired = "retired";

struct Exception {
  ExceptionKey key;
  std::string item, since, last_seen, detail;
  std::string state{kOpen}, assignee, note, actor, changed_at;  // actor "": the collector
  Level level = Level::kAmber;
  bool ended = false;  // the condition is gone
  int64_t weight = 0;
  int64_t decided_weight = -1;  // when a person decided; -1: not known
  std::optional<int64_t> money;
  std::string currency;
  uint64_t times = 1;  // it came
};

// An exception as it is after a finding. `*change` says what happened to its state, "" if nothing.
Exception AfterFinding(const std::optional<Exception>& known, const Finding& finding,
                       const std::string& now, std::string* change);
// Its condition is gone.
Exception AfterEnd(Exception known, const std::string& now, std::string* change);

// What a person decides.
struct ExceptionOrder {
  ExceptionKey key;
  std::string state, note, actor, assignee;
  std::string token;  // the name of the token that asked
};
Status CheckOrder(const ExceptionOrder& order);
Result<Exception> AfterOrder(Exception known, const ExceptionOrder& order, const std::string& now);

}  // namespace tillrelay::collector
