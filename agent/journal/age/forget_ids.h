// What: forgets what is older than kept ids: keys and ids, taken files, pages of the books, audit.
// Promise: in small steps between other work; nothing goes before the time that was really seen to
//   pass since it came (age_marks.h). Events themselves are deleted by JournalStore::Trim, never
//   here.
// Thread: journal.
// Errors: those of the database.
// Limits: kRowsPerStep rows a step, one pass over everything a day.
#pragma once

#include <string>

#include "agent/journal/age/age_marks.h"
#include "common/base/clock.h"
#include "common/sqlite/sqlite.h"

namespace tillrelay::journal {

class IdForgetter {
 public:
  static constexpr int kRowsPerStep = 256;
  static constexpr std::chrono::hours kPassEvery{24};  // of monotonic time

  Status Open(sqlite::Database* db, AgeMarks* marks);
  // One step, in a transaction of its own.
  Status Step(Instant tick, Duration keep);
  // Ids of events at or below this position are forgotten.
  uint64_t keep_from() const { return keep_from_; }

 private:
  enum class Stage { kNone, kIds, kFiles, kPages, kAudit };

  Status BeginPass(Instant tick, Duration keep);
  // True: there may be more of this stage.
  Result<bool> ForgetIds();
  Result<bool> ForgetFiles();
  Result<bool> ForgetPages();
  Result<bool> ForgetAudit();
  Result<bool> RunStage();

  sqlite::Database* db_ = nullptr;
  AgeMarks* marks_ = nullptr;
  sqlite::Statement next_key_, delete_known_, renew_files_, delete_files_;
  sqlite::Statement mark_pages_, renew_pages_, delete_pages_, drop_page_marks_, delete_audit_;
  Stage stage_ = Stage::kNone;
  Instant next_pass_{};
  SeenMs limit_ = -1;  // stamps at or below it are old enough
  uint64_t keep_from_ = 0, audit_through_ = 0;
  std::string cursor_;  // the pass has looked at keys up to this one
};

}  // namespace tillrelay::journal
