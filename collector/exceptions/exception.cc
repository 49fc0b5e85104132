#include "collector/exceptions/exception.h"

#include <algorithm>
#include <iterator>

#include "common/base/text.h"
#include "common/event/bounds.h"
#include "common/event/item_rules.h"

namespace tillrelay::collector {
namespace {

constexpr Level kAmber = Level::kAmber, kRed = Level::kRed;
constexpr Life kCondition = Life::kCondition, kFact = Life::kFact, kOnce = Life::kOnce;

constexpr KindRule kKinds[] = {
    {"negative_stock", kAmber, kCondition, 50, false, "Stock below zero"},
    {"transit_overdue", kAmber, kCondition, 0, false, "Transfer not received"},
    {"count_ahead", kAmber, kCondition, 0, false, "Count dated in the future"},
    {"count_too_old", kRed, kCondition, 0, false, "Count cannot be applied"},
    {"count_far_off", kAmber, kOnce, 0, false, "Count far from expected"},
    {"loss", kRed, kFact, 0, false, "Events lost"},
    {"conflict", kRed, kFact, 0, false, "Two histories of one stream"},
    {"doubtful", kRed, kFact, 0, false, "Events that may have counted before"},
    {"owed_body", kAmber, kCondition, 0, false, "Event body not received"},
    {"unapplied_event", kRed, kCondition, 0, false, "Event cannot be applied"},
    {"missing_numbers", kRed, kCondition, 50, false, "Events missing"},
    {"day_not_balanced", kAmber, kCondition, 0, false, "Day does not balance"},
    {"day_disagreement", kAmber, kCondition, 0, false, "Store found another result"},
    {"return_rate", kAmber, kCondition, 50, false, "Unusual share of returns"},
    {"sink_halted", kRed, kCondition, 0, false, "Sink halted"},
    {"sink_behind", kAmber, kCondition, 0, false, "Sink is behind"},
    {"silent_store", kRed, kCondition, 0, true, "Store not heard"},
    {"silent_register", kAmber, kCondition, 0, true, "Register silent"},
    {"clock_off", kAmber, kCondition, 0, true, "Store's clock is wrong"},
    {"store_disk", kAmber, kCondition, 0, true, "Store's disk"},
    {"store_critical", kRed, kCondition, 0, true, "Store calls itself critical"},
    {"version_behind", kAmber, kCondition, 0, true, "Old version"},
    {"store_paused", kAmber, kCondition, 0, true, "Sending paused"},
    {"backlog", kAmber, kCondition, 0, true, "Events wait in the store"},
    {"quarantine", kAmber, kCondition, 50, true, "Documents in quarantine"},
    {"unknown_journal", kRed, kCondition, 0, true, "Journal not on its server"},
    {"two_agents", kRed, kCondition, 0, true, "Two agents for one store"},
};

bool IsDecided(const Exception& x) { return x.state != kOpen && x.state != kRetired; }

bool IsWorse(const Exception& known, const Finding& finding, const KindRule& rule) {
  if (known.decided_weight < 0) return false;
  const int64_t more = known.decided_weight / 100 * rule.worse_percent +
                       known.decided_weight % 100 * rule.worse_percent / 100;
  return finding.weight > known.decided_weight + more;
}

void Reopen(Exception* x, const std::string& now) {
  x->state = kOpen;
  x->assignee.clear();
  x->actor.clear();
  x->changed_at = now;
}

Exception Opened(const Finding& finding, const std::string& now) {
  Exception x;
  x.key = finding.key;
  x.since = finding.since;
  x.changed_at = now;
  return x;
}

// It was over, or this is another one of those that are seen once.
void Again(const Finding& finding, const std::string& now, Exception* x) {
  x->since = finding.since;
  x->ended = false;
  if (x->state == kRetired) return;
  ++x->times;
  x->note.clear();
  x->decided_weight = -1;
  Reopen(x, now);
}

}  // namespace

std::span<const KindRule> ExceptionKinds() { return kKinds; }

const KindRule* FindKind(std::string_view word) {
  const auto found = std::find_if(std::begin(kKinds), std::end(kKinds),
                                  [word](const KindRule& kind) { return kind.word == word; });
  return found == std::end(kKinds) ? nullptr : found;
}

Exception AfterFinding(const std::optional<Exception>& known, const Finding& finding,
                       const std::string& now, std::string* change) {
  const KindRule* rule = FindKind(finding.key.kind);
  CHECK(rule != nullptr);
  change->clear();
  Exception x = known ? *known : Opened(finding, now);
  const bool another = rule->life == Life::kOnce && x.since != finding.since;
  if (!known) {
    *change = "found";
  } else if (x.ended || another) {
    Again(finding, now, &x);
    if (x.state == kOpen) *change = "came back";
  } else if (IsDecided(x) && IsWorse(x, finding, *rule)) {
    Reopen(&x, now);
    *change = "got worse";
  } else if (IsDecided(x) && x.decided_weight < 0) {
    x.decided_weight = finding.weight;
  }
  x.item = finding.item;
  x.detail = finding.detail;
  x.level = finding.level;
  x.weight = finding.weight;
  x.money = finding.money;
  x.currency = finding.currency;
  x.last_seen = now;
  return x;
}

Exception AfterEnd(Exception known, const std::string& now, std::string* change) {
  change->clear();
  known.ended = true;
  known.last_seen = now;
  // Whoever is heard again is no closed store.
  const bool retired = known.state == kRetired && known.key.kind != "silent_store";
  if (retired || known.state == kResolved) return known;
  known.state = kResolved;
  known.assignee.clear();
  known.actor.clear();
  known.changed_at = now;
  *change = "over";
  return known;
}

Status CheckOrder(const ExceptionOrder& order) {
  const std::string_view states[] = {kOpen, kAcknowledged, kAssigned, kResolved, kRetired};
  if (std::find(std::begin(states), std::end(states), order.state) == std::end(states)) {
    return Invalid("state is open, acknowledged, assigned, resolved or retired");
  }
  const auto blank = [](std::string_view text) { return event::WithoutBlanks(text).empty(); };
  if (blank(order.actor) || !event::FaultOfId(order.actor).empty()) {
    return Invalid("actor names who decides");
  }
  if (!order.note.empty() && !event::FaultOfText(order.note).empty()) {
    return Invalid("note is no text");
  }
  const bool needs_reason = order.state == kResolved || order.state == kRetired;
  if (needs_reason && blank(order.note)) return Invalid("a note says why");
  const bool names = !order.assignee.empty();
  if (names != (order.state == kAssigned) || (names && !event::FaultOfId(order.assignee).empty())) {
    return Invalid("assignee names to whom it is assigned, and only then");
  }
  return Status::Ok();
}

Result<Exception> AfterOrder(Exception known, const ExceptionOrder& order, const std::string& now) {
  TRY(CheckOrder(order));
  const KindRule* rule = FindKind(known.key.kind);
  const Life life = rule == nullptr ? Life::kFact : rule->life;
  if (known.ended && known.state != kRetired && order.state != kRetired) {
    return Conflict("it is over");
  }
  if (order.state == kResolved && life == Life::kCondition) {
    return Conflict(
        "it still holds: mend it, and it is resolved by itself; until then acknowledge, assign or "
        "retire it");
  }
  known.state = known.ended && order.state == kOpen ? kResolved : order.state;
  known.note = order.note;
  known.actor = order.actor;
  known.changed_at = now;
  known.assignee = order.assignee;  // CheckOrder: of an assignment alone
  known.decided_weight = known.weight;
  return known;
}

}  // namespace tillrelay::collector
