#include "collector/exceptions/sweep.h"

#include <map>

#include "collector/db/statements_ledger.h"
#include "common/event/time_text.h"

namespace tillrelay::collector {
namespace {

constexpr std::chrono::hours kClosedKept{24 * 400}, kOverlap{1};

const Statement kRecounted(
    "SELECT 1 FROM held_count h JOIN counted_at c ON c.store_id = h.store_id AND c.item = h.item"
    " AND c.uom = h.uom AND c.bucket = h.bucket AND c.as_of >= h.as_of"
    " WHERE h.reason = 'too_old' LIMIT 1",
    "");
const Statement kMark("SELECT position, line FROM detector WHERE name = 'count_far_off'", "");
const Statement kSaveMark(
    "UPDATE detector SET position = r.a, line = r.b FROM {rows} WHERE name = 'count_far_off'",
    "a# b#");
const Statement kSaveRound("UPDATE detector SET at = r.a FROM {rows} WHERE name = 'round'", "a");
const Statement kHeadPosition("SELECT position FROM head", "");
const Statement kOldOnes(
    "SELECT x.store_id, x.kind, x.subject FROM {rows} JOIN exception x ON x.state = 'resolved'"
    " AND (x.ended = 1 OR x.kind = 'count_far_off') AND x.changed_at < r.a LIMIT 500",
    "a");
const Statement kForget(
    "DELETE FROM exception WHERE (store_id, kind, subject) IN (SELECT r.a, r.b, r.c FROM {rows})",
    "a b c");
const Statement kForgetAudit(
    "DELETE FROM exception_audit WHERE (store_id, kind, subject) IN"
    " (SELECT r.a, r.b, r.c FROM {rows})",
    "a b c");

AuditEntry EntryOf(const Exception& x, const std::string& now, const std::string& change) {
  AuditEntry entry;
  entry.at = now;
  entry.state = x.state;
  entry.note = change;
  return entry;
}

}  // namespace

Status ExceptionSweep::Write(Sql* sql, const std::vector<Finding>& found, const Keys& gone) {
  std::vector<ExceptionKey> keys = gone;
  for (const Finding& finding : found) keys.push_back(finding.key);
  auto known = ReadExceptions(sql, keys);
  if (!known.ok()) return std::move(known).status();
  std::map<ExceptionKey, Exception> after;
  std::vector<std::pair<ExceptionKey, AuditEntry>> audit;
  std::string change;
  const auto keep = [&](Exception x) {
    if (!change.empty()) audit.emplace_back(x.key, EntryOf(x, now_text_, change));
    const ExceptionKey key = x.key;
    (*known)[key] = x;
    after[key] = std::move(x);
  };
  for (const Finding& finding : found) {
    const auto was = known->find(finding.key);
    keep(AfterFinding(was == known->end() ? std::nullopt : std::optional(was->second), finding,
                      now_text_, &change));
  }
  for (const ExceptionKey& key : gone) {
    const auto was = known->find(key);
    if (was != known->end()) keep(AfterEnd(was->second, now_text_, &change));
  }
  std::vector<Exception> rows;
  for (auto& [key, x] : after) rows.push_back(std::move(x));
  TRY(SaveExceptions(sql, rows));
  return SaveAudit(sql, audit);
}

// Asked outside of a transaction first: mostly nothing has changed.
Result<bool> ExceptionSweep::StepTables(Sql* sql, size_t detector, bool gone) {
  for (const bool inside : {false, true}) {
    if (inside) TRY(sql->Begin());
    auto found = gone ? Result<std::vector<Finding>>(std::vector<Finding>())
                      : detectors_.New(sql, detector, times_);
    if (!found.ok()) return std::move(found).status();
    auto over = gone ? detectors_.Gone(sql, detector, times_) : Result<Keys>(Keys());
    if (!over.ok()) return std::move(over).status();
    const size_t changes = found->size() + over->size();
    if (changes == 0 && inside) sql->Rollback();
    if (changes == 0) return false;
    if (!inside) continue;
    TRY(Write(sql, *found, *over));
    TRY(sql->Commit());
    return changes == kAtOnce;
  }
  return false;
}

Result<bool> ExceptionSweep::StepFarOff(Sql* sql) {
  auto marked = sql->Run(kMark);
  if (!marked.ok()) return std::move(marked).status();
  auto head = sql->Run(kHeadPosition);
  if (!head.ok()) return std::move(head).status();
  if (marked->empty() || head->empty()) return Corrupt("a detector has no mark");
  const LineMark after{marked->Unsigned(0, 0), marked->Unsigned(0, 1)};
  const uint64_t end = head->Unsigned(0, 0);
  if (end <= after.position) return false;
  LineMark through;
  auto found = detectors_.FarOffCounts(sql, after, end, &through);
  if (!found.ok()) return std::move(found).status();
  TRY(sql->Begin());
  TRY(Write(sql, *found, {}));
  Input mark(kSaveMark);
  TRY(sql->Queue(kSaveMark, mark.Int(through.position).Int(through.line)));
  TRY(sql->Commit());
  return through.position < end || found->size() == kAtOnce;
}

Result<bool> ExceptionSweep::StepStatus(Sql* sql, const StatusFindings& status) {
  if (!status.known) return false;
  auto rows = ReadByStatus(sql);
  if (!rows.ok()) return std::move(rows).status();
  std::map<ExceptionKey, const Exception*> known;
  for (const Exception& x : *rows) known[x.key] = &x;
  std::vector<Finding> fresh;
  for (const Finding& finding : status.found) {
    const auto was = known.find(finding.key);
    const bool same = was != known.end() && was->second->weight == finding.weight;
    if (!same && fresh.size() < kAtOnce) fresh.push_back(finding);
    if (was != known.end()) known.erase(was);
  }
  Keys gone;
  for (const auto& [key, x] : known) {
    if (!status.undecided.contains(key.store) && gone.size() < kAtOnce) gone.push_back(key);
  }
  if (fresh.empty() && gone.empty()) return false;
  TRY(sql->Begin());
  TRY(Write(sql, fresh, gone));
  TRY(sql->Commit());
  return fresh.size() == kAtOnce || gone.size() == kAtOnce;
}

// What is over and resolved for long.
Result<bool> ExceptionSweep::Forget(Sql* sql) {
  Input before(kOldOnes);
  auto old = sql->Run(kOldOnes, before.Own(event::UtcText(times_.now - kClosedKept)));
  if (!old.ok()) return std::move(old).status();
  if (old->empty()) return false;
  Input keys(kForget), audit(kForgetAudit);
  for (const std::string& cell : old->cells) {
    keys.Text(cell);
    audit.Text(cell);
  }
  TRY(sql->Begin());
  TRY(sql->Queue(kForget, keys));
  TRY(sql->Queue(kForgetAudit, audit));
  TRY(sql->Commit());
  return old->size() == kAtOnce;
}

// Counts that can never be computed, of cells that have been counted later.
Status ExceptionSweep::DropRecounted(Sql* sql) {
  auto found = sql->Run(kRecounted);
  if (!found.ok()) return std::move(found).status();
  if (found->empty()) return Status::Ok();
  TRY(sql->Begin());
  TRY(sql->Queue(sql::kHeldOver, Input(sql::kHeldOver)));
  return sql->Commit();
}

Status ExceptionSweep::MarkRound(Sql* sql) {
  TRY(sql->Begin());
  Input at(kSaveRound);
  TRY(sql->Queue(kSaveRound, at.Text(now_text_)));
  return sql->Commit();
}

Result<bool> ExceptionSweep::Step(Sql* sql, WallTime now,
                                  const std::function<Result<StatusFindings>()>& status) {
  if (stage_ == 0) {
    TRY(DropRecounted(sql));
    stage_ = 1;
  }
  times_.now = now;
  now_text_ = event::UtcText(now);
  const size_t step = stage_ - 1, tables = 2 * TableDetectors::count();
  Result<bool> more = false;
  if (step < tables) {
    more = StepTables(sql, step / 2, step % 2 == 1);
  } else if (step == tables) {
    more = StepFarOff(sql);
  } else if (step == tables + 1) {
    auto found = status();
    if (!found.ok()) return std::move(found).status();
    more = StepStatus(sql, *found);
  } else {
    more = Forget(sql);
  }
  if (!more.ok()) return more;
  if (*more) return true;
  if (step <= tables + 1) {
    ++stage_;
    return true;
  }
  TRY(MarkRound(sql));
  times_.looked_at = now - kOverlap;
  stage_ = 0;
  return false;
}

}  // namespace tillrelay::collector
