// What: the optional table `issue`: the list of things that need a person.
// Promise: docs/journal.md, "Issues". It is no truth: a file without it is as good, one whose table
//   is not as this program makes it, or cannot be read, gets a new one, a failure to write it harms
//   nothing, and an older program leaves it alone.
// Thread: journal.
// Errors: full, busy; anything else ends the keeping until the next opening.
// Limits: kMaxRows; of more the healed ones go first that are healed for the longest.
#pragma once

#include <string>
#include <vector>

#include "agent/journal/age/observed_time.h"
#include "agent/journal/rows.h"
#include "common/sqlite/sqlite.h"

namespace tillrelay::journal {

class IssueTable {
 public:
  static constexpr int64_t kMaxRows = 5'000;

  // Makes the table where it is missing or another; `rows` gets what it holds.
  Status Open(sqlite::Database* db, std::vector<IssueRow>* rows);
  // In a transaction of its own.
  Status Save(const std::vector<IssueRow>& rows, SeenMs now);
  // Healed rows with this stamp or a lower one; stamps above `now` begin to age now.
  Status Forget(SeenMs cutoff, SeenMs now);
  bool open() const { return db_ != nullptr; }

 private:
  sqlite::Database* db_ = nullptr;
  sqlite::Statement save_, renew_, forget_, forget_most_;
};

// Of another file's table what can be read, into the table of `to`, which is made there.
Status CopyIssues(sqlite::Database* from, sqlite::Database* to);

}  // namespace tillrelay::journal
