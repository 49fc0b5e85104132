// What: the table of documents that wait for a person.
// Promise: a document is kept once, by the hash of its scrubbed text; a full quarantine refuses, it
//   never overwrites. Counts follow the transaction.
// Thread: journal.
// Errors: full (a person has to look first); not found.
// Limits: documents and bytes, as configured.
#pragma once

#include <cstdint>
#include <string>

#include "agent/journal/record.h"
#include "common/sqlite/sqlite.h"

namespace tillrelay::journal {

class Quarantine {
 public:
  Quarantine() = default;
  Quarantine(uint64_t max_count, uint64_t max_bytes)
      : max_count_(max_count), max_bytes_(max_bytes) {}

  Status Open(sqlite::Database* db);
  // Fills ticket, reason and field of the receipt.
  Status Put(const RejectedDocument& unfit, WallTime now, AppendResult* receipt);
  Status Remove(uint64_t ticket);

  void Committed() { committed_ = pending_; }
  void RolledBack() { pending_ = committed_; }
  uint64_t count() const { return committed_.count; }
  // The last Put failed because there is no room.
  bool full() const { return full_; }
  void ForgetFull() { full_ = false; }

 private:
  struct Room {
    uint64_t count = 0, bytes = 0;
  };
  uint64_t max_count_ = 0, max_bytes_ = 0;
  Room committed_, pending_;
  bool full_ = false;
  sqlite::Statement find_, insert_, seen_again_, size_, remove_;
};

}  // namespace tillrelay::journal
