#include "agent/journal/age/forget_ids.h"

#include <algorithm>

namespace tillrelay::journal {

Status IdForgetter::Open(sqlite::Database* db, AgeMarks* marks) {
  db_ = db;
  marks_ = marks;
  stage_ = Stage::kNone;
  next_pass_ = {};
  // Stamps that no moment of this file's time can have given (an older version wrote the wall clock
  // there) begin to age now.
  return db->PrepareAll({
      {&next_key_, "SELECT key FROM known WHERE key>?1 ORDER BY key LIMIT 1 OFFSET ?2"},
      {&delete_known_, "DELETE FROM known WHERE key>?1 AND key<=?2 AND position<=?3"},
      {&renew_files_,
       "UPDATE file SET taken_at=?1 WHERE sha256 IN "
       "(SELECT sha256 FROM file WHERE taken_at>?1 LIMIT ?2)"},
      {&delete_files_,
       "DELETE FROM file WHERE sha256 IN (SELECT sha256 FROM file WHERE taken_at<=?1 LIMIT ?2)"},
      {&mark_pages_,
       "INSERT OR IGNORE INTO day_mark SELECT 'page/'||key,?1 FROM book WHERE NOT EXISTS "
       "(SELECT 1 FROM day_mark WHERE day='page/'||key) LIMIT ?2"},
      {&renew_pages_,
       "UPDATE day_mark SET position=?1 WHERE day>='page/' AND day<'page0' AND position>?1"},
      {&delete_pages_,
       "DELETE FROM book WHERE key IN (SELECT substr(day,6) FROM day_mark WHERE day>='page/' AND "
       "day<'page0' AND position<=?1 LIMIT ?2)"},
      {&drop_page_marks_,
       "DELETE FROM day_mark WHERE day>='page/' AND day<'page0' AND position<=?1 AND substr(day,6) "
       "NOT IN (SELECT key FROM book)"},
      {&delete_audit_,
       "DELETE FROM audit WHERE number IN (SELECT number FROM audit WHERE number<=?1 ORDER BY "
       "number "
       "LIMIT ?2)"},
  });
}

Status IdForgetter::BeginPass(Instant tick, Duration keep) {
  next_pass_ = tick + kPassEvery;
  limit_ = marks_->time().Cutoff(keep);
  auto position = marks_->PositionOf(keep);
  if (!position.ok()) return std::move(position).status();
  auto audit = marks_->AuditOf(keep);
  if (!audit.ok()) return std::move(audit).status();
  keep_from_ = std::max(keep_from_, *position);
  audit_through_ = *audit;
  cursor_.clear();
  stage_ = keep_from_ > 0 ? Stage::kIds : Stage::kFiles;
  return Status::Ok();
}

Status IdForgetter::Step(Instant tick, Duration keep) {
  if (stage_ == Stage::kNone) {
    if (tick < next_pass_) return Status::Ok();
    return BeginPass(tick, keep);
  }
  sqlite::Transaction transaction(db_);
  TRY(transaction.Begin());
  auto more = RunStage();
  if (!more.ok()) return std::move(more).status();
  TRY(transaction.Commit());
  if (*more) return Status::Ok();
  stage_ =
      stage_ == Stage::kAudit ? Stage::kNone : static_cast<Stage>(static_cast<int>(stage_) + 1);
  return Status::Ok();
}

Result<bool> IdForgetter::RunStage() {
  switch (stage_) {
    case Stage::kNone:
      return false;
    case Stage::kIds:
      return ForgetIds();
    case Stage::kFiles:
      return ForgetFiles();
    case Stage::kPages:
      return ForgetPages();
    case Stage::kAudit:
      return ForgetAudit();
  }
  return false;
}

Result<bool> IdForgetter::ForgetIds() {
  auto next = next_key_.BindText(1, cursor_).Bind(2, kRowsPerStep - 1).Step();
  if (!next.ok()) return std::move(next).status();
  const bool last = !*next;
  const std::string end(last ? "\x7f" : next_key_.Text(0));  // behind every key
  if (!last) next_key_.Reset();
  TRY(delete_known_.BindText(1, cursor_).BindText(2, end).Bind(3, keep_from_).Run());
  cursor_ = end;
  return !last;
}

Result<bool> IdForgetter::ForgetFiles() {
  TRY(renew_files_.Bind(1, marks_->now()).Bind(2, kRowsPerStep).Run());
  const bool renewed = db_->changes() >= kRowsPerStep;
  TRY(delete_files_.Bind(1, limit_).Bind(2, kRowsPerStep).Run());
  return renewed || db_->changes() >= kRowsPerStep;
}

Result<bool> IdForgetter::ForgetPages() {
  TRY(mark_pages_.Bind(1, marks_->now()).Bind(2, kRowsPerStep).Run());
  const bool marked = db_->changes() >= kRowsPerStep;
  TRY(renew_pages_.Bind(1, marks_->now()).Run());
  TRY(delete_pages_.Bind(1, limit_).Bind(2, kRowsPerStep).Run());
  const bool deleted = db_->changes() >= kRowsPerStep;
  TRY(drop_page_marks_.Bind(1, limit_).Run());
  return marked || deleted;
}

Result<bool> IdForgetter::ForgetAudit() {
  TRY(delete_audit_.Bind(1, audit_through_).Bind(2, kRowsPerStep).Run());
  return db_->changes() >= kRowsPerStep;
}

}  // namespace tillrelay::journal
