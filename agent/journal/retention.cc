#include "agent/journal/retention.h"

#include "common/event/time_text.h"

namespace tillrelay::journal {
namespace {

std::string DayText(WallTime time) { return event::UtcText(time).substr(0, 10); }

}  // namespace

Status Retention::Open(sqlite::Database* db) {
  db_ = db;
  in_pass_ = false;
  next_pass_ = {};
  return db->PrepareAll({
      {&mark_day_, "INSERT OR IGNORE INTO day_mark VALUES(?1,?2)"},
      {&oldest_kept_, "SELECT max(position) FROM day_mark WHERE day<=?1"},
      {&next_key_, "SELECT key FROM known WHERE key>?1 ORDER BY key LIMIT 1 OFFSET ?2"},
      {&delete_known_, "DELETE FROM known WHERE key>?1 AND key<=?2 AND position<=?3"},
      {&delete_files_, "DELETE FROM file WHERE taken_at<?1"},
      {&delete_pages_, "DELETE FROM book WHERE key<?1"},
      {&delete_audit_, "DELETE FROM audit WHERE at<?1"},
      {&delete_days_, "DELETE FROM day_mark WHERE day<?1"},
  });
}

// Day marks say which position a day ended on, so that an id's age is known without its event.
Status Retention::BeginPass(WallTime now, WallTime before, uint64_t newest) {
  next_pass_ = now + kPassEvery;
  const std::string limit = DayText(before);
  TRY(mark_day_.BindText(1, DayText(now)).Bind(2, newest).Run());
  auto kept = oldest_kept_.BindText(1, limit).Step();
  if (!kept.ok()) return std::move(kept).status();
  keep_from_ = oldest_kept_.IsNull(0) ? 0 : oldest_kept_.Unsigned(0);
  oldest_kept_.Reset();
  const int64_t before_us = Micros(before);
  TRY(delete_files_.Bind(1, before_us).Run());
  TRY(delete_pages_.BindText(1, limit).Run());
  TRY(delete_audit_.Bind(1, before_us).Run());
  TRY(delete_days_.BindText(1, limit).Run());
  in_pass_ = keep_from_ > 0;
  cursor_.clear();
  return Status::Ok();
}

Status Retention::Step(WallTime now, WallTime before, uint64_t newest) {
  const bool due = now >= next_pass_ || now + 2 * kPassEvery < next_pass_;  // the clock may jump
  if (!in_pass_ && !due) return Status::Ok();
  sqlite::Transaction transaction(db_);
  TRY(transaction.Begin());
  if (!in_pass_) {
    TRY(BeginPass(now, before, newest));
    return transaction.Commit();
  }
  auto next = next_key_.BindText(1, cursor_).Bind(2, kRowsPerStep - 1).Step();
  if (!next.ok()) return std::move(next).status();
  const std::string end(*next ? next_key_.Text(0) : "\x7f");
  const bool last = !*next;
  if (*next) next_key_.Reset();
  TRY(delete_known_.BindText(1, cursor_).BindText(2, end).Bind(3, keep_from_).Run());
  cursor_ = end;
  in_pass_ = !last;
  return transaction.Commit();
}

}  // namespace tillrelay::journal
