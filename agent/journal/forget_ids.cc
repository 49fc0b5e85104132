#include "agent/journal/retention.h"

#include <algorithm>

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
      {&limit_, "SELECT value FROM meta WHERE key='ids_forgotten_before'"},
      {&save_limit_, "INSERT OR REPLACE INTO meta VALUES('ids_forgotten_before',?1)"},
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

// How far the last pass went, moved on.
Result<WallTime> Retention::Limit(WallTime before) {
  auto row = limit_.Step();
  if (!row.ok()) return std::move(row).status();
  WallTime limit = before;
  if (*row) {
    const WallTime last{std::chrono::microseconds(std::stoll("0" + std::string(limit_.Text(0))))};
    limit_.Reset();
    limit = std::min(before, last + kMaxAdvance);
  }
  TRY(save_limit_.BindText(1, std::to_string(std::max<int64_t>(0, Micros(limit)))).Run());
  return limit;
}

// Day marks say which position a day ended on, so that an id's age is known without its event.
Status Retention::BeginPass(const Moment& moment, uint64_t newest) {
  next_pass_ = moment.tick + kPassEvery;
  auto limit = Limit(moment.before);
  if (!limit.ok()) return std::move(limit).status();
  const std::string day = DayText(*limit);
  TRY(mark_day_.BindText(1, DayText(moment.now)).Bind(2, newest).Run());
  auto kept = oldest_kept_.BindText(1, day).Step();
  if (!kept.ok()) return std::move(kept).status();
  keep_from_ = oldest_kept_.IsNull(0) ? 0 : oldest_kept_.Unsigned(0);
  oldest_kept_.Reset();
  TRY(delete_files_.Bind(1, Micros(*limit)).Run());
  TRY(delete_pages_.BindText(1, day).Run());
  TRY(delete_audit_.Bind(1, Micros(*limit)).Run());
  TRY(delete_days_.BindText(1, day).Run());
  in_pass_ = keep_from_ > 0;
  cursor_.clear();
  return Status::Ok();
}

Status Retention::Step(const Moment& moment, uint64_t newest) {
  if (!in_pass_ && moment.tick < next_pass_) return Status::Ok();
  sqlite::Transaction transaction(db_);
  TRY(transaction.Begin());
  if (!in_pass_) {
    TRY(BeginPass(moment, newest));
    return transaction.Commit();
  }
  auto next = next_key_.BindText(1, cursor_).Bind(2, kRowsPerStep - 1).Step();
  if (!next.ok()) return std::move(next).status();
  const bool last = !*next;
  const std::string end(last ? "\x7f" : next_key_.Text(0));  // behind every key
  if (!last) next_key_.Reset();
  TRY(delete_known_.BindText(1, cursor_).BindText(2, end).Bind(3, keep_from_).Run());
  cursor_ = end;
  in_pass_ = !last;
  return transaction.Commit();
}

}  // namespace tillrelay::journal
