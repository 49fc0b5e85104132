// What: the table of documents that wait for a person.
// Promise: a document is kept once, by the hash of its scrubbed text; a full quarantine refuses, it
//   never overwrites. No sender may fill it for the others: each holds at most a quarter of it.
//   Counts follow the transaction.
// Thread: journal.
// Errors: full (a person has to look first), which names the sender; not found.
// Limits: documents and bytes, as configured; of each sender ShareOf.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "agent/journal/record.h"
#include "common/sqlite/sqlite.h"

namespace tillrelay::journal {

struct QuarantineRoom {
  uint64_t count = 0, bytes = 0;
};
// What one sender may hold: a quarter, at least 300 documents and 4 MiB, as far as there is room.
QuarantineRoom ShareOf(const QuarantineRoom& whole);

class Quarantine {
 public:
  Quarantine() = default;
  Quarantine(uint64_t max_count, uint64_t max_bytes) : max_{max_count, max_bytes} {}

  Status Open(sqlite::Database* db);
  // Fills ticket, reason and field of the receipt; when there is no room, the hint says for whom.
  Status Put(const RejectedDocument& unfit, const std::string& sender, WallTime now,
             AppendResult* receipt);
  Status Remove(uint64_t ticket);

  void Committed();
  void RolledBack();
  uint64_t count() const { return committed_.count; }
  // The last Put failed because there is no room.
  bool full() const { return full_; }
  void ForgetFull() { full_ = false; }

 private:
  using Senders = std::map<std::string, QuarantineRoom>;

  Status LoadSenders(sqlite::Database* db);
  Status Refuse(const std::string& why, AppendResult* receipt);
  Status Insert(const RejectedDocument& unfit, const Sha256Digest& digest, WallTime now,
                AppendResult* receipt);
  // The room of that sender, as the transaction sees it.
  QuarantineRoom& PendingOf(const std::string& sender);

  QuarantineRoom max_;
  QuarantineRoom committed_, pending_;
  Senders senders_, pending_senders_;  // pending: those that the transaction has changed
  bool full_ = false;
  sqlite::Statement find_, insert_, seen_again_, size_, remove_;
  sqlite::Statement name_sender_, remove_sender_;
};

}  // namespace tillrelay::journal
