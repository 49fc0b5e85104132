// What: forgets what is older than kept ids: keys and ids, pages of the books, taken files, audit.
// Promise: in small steps between other work; an id is forgotten only when its event was recorded
//   before the limit, and the limit moves at most kMaxAdvance a pass, so that a clock that is ten
//   years ahead for a day forgets nothing. Events themselves are deleted by JournalStore::Trim,
//   never here.
// Thread: journal.
// Limits: kRowsPerStep rows a step, one pass over all ids a day.
#pragma once

#include <string>

#include "common/base/clock.h"
#include "common/sqlite/sqlite.h"

namespace tillrelay::journal {

class Retention {
 public:
  static constexpr int kRowsPerStep = 256;
  static constexpr std::chrono::hours kPassEvery{24};  // of monotonic time
  static constexpr std::chrono::hours kMaxAdvance{48};

  Status Open(sqlite::Database* db);
  // One step, in a transaction of its own. `newest`: the position of the last event.
  struct Moment {
    Instant tick;
    WallTime now, before;
  };
  Status Step(const Moment& moment, uint64_t newest);
  // Ids of events below this position are forgotten.
  uint64_t keep_from() const { return keep_from_; }

 private:
  Status BeginPass(const Moment& moment, uint64_t newest);
  Result<WallTime> Limit(WallTime before);

  sqlite::Database* db_ = nullptr;
  sqlite::Statement mark_day_, oldest_kept_, next_key_, delete_known_;
  sqlite::Statement limit_, save_limit_;
  sqlite::Statement delete_files_, delete_pages_, delete_audit_, delete_days_;
  bool in_pass_ = false;
  Instant next_pass_{};
  uint64_t keep_from_ = 0;
  std::string cursor_;  // the pass has looked at keys up to this one
};

}  // namespace tillrelay::journal
