// What: the journal's own record of observed time (observed_time.h), and marks that say what was
//   there at which moment of it: the newest position, the newest audit line, pages of the books.
// Promise: docs/journal.md, "Age". What cannot be read back counts as younger, never as older. A
//   mark is written in the transaction that saves the time that it names.
// Thread: journal.
// Errors: those of the database.
// Limits: a mark each `mark_every`; the time is saved once a minute, so that a crash forgets no
// more.
#pragma once

#include "agent/journal/age/observed_time.h"
#include "common/base/clock_trust.h"
#include "common/sqlite/sqlite.h"

namespace tillrelay::journal {

class AgeMarks {
 public:
  static constexpr std::chrono::minutes kSaveEvery{1};

  // A file without marks, or one whose marks went by the wall clock, begins at its opening: what it
  // holds is as old as that.
  Status Open(sqlite::Database* db, Duration mark_every);

  // Counts time. With `save`, writes what is due in a transaction of its own. `newest` is the
  // position of the last event.
  Status Observe(Instant tick, WallTime wall, uint64_t newest, bool save);
  void Agree(Instant at, WallTime own) { unsaved_ = time_.Agree(at, own) || unsaved_; }
  // In a transaction of the caller: head office's clock agreed with ours; none: it does not.
  Status SaveTrust(const std::optional<ClockTrust::Agreed>& agreed);
  // What was saved last, in `clock`'s instants: of this run of the kernel they are its own, of an
  // earlier one they follow from the wall clock, unless that went back.
  std::optional<ClockTrust::Agreed> Trust(const Clock& clock) const;
  // What a stop would otherwise forget.
  Status Save(uint64_t newest);

  // Events, and lines of `audit`, up to here are at least `keep` old; 0: none is.
  Result<uint64_t> PositionOf(Duration keep);
  Result<uint64_t> AuditOf(Duration keep);
  // In a transaction of the caller: a page of the books was written.
  Status MarkPage(std::string_view key);
  // Marks that nobody will ask for whose longest time to keep is `longest`, in a transaction of its
  // own.
  Status Drop(Duration longest);

  SeenMs now() const { return time_.now(); }
  const ObservedTime& time() const { return time_; }

 private:
  Status SaveRuns();
  Status Mark(uint64_t newest, uint64_t audit);
  Result<uint64_t> NewestAudit();
  Result<uint64_t> MarkAt(std::string_view kind, Duration keep);

  sqlite::Database* db_ = nullptr;
  Duration mark_every_{};
  sqlite::Statement save_time_, save_mark_, find_mark_, newest_audit_, mark_page_, drop_;
  ObservedTime time_;
  std::optional<Instant> saved_at_;
  SeenMs marked_at_ = 0, runs_saved_to_ = -1;
  uint64_t marked_ = 0, marked_audit_ = 0;  // what the last marks say
  bool any_mark_ = false, unsaved_ = false;
};

// After rows from position `from` on got other positions: no mark may speak of them.
Status DropMarksFrom(sqlite::Database* db, uint64_t from);

}  // namespace tillrelay::journal
