// What: where an id is, without an index over ids: of every kIds positions the beginnings of their
//   ids stand side by side in one row of `id_block`, so that two million are read in some 10 ms.
// Promise: docs/journal.md, "Ids". It is no truth: what has no block is looked up in the events
//   themselves, and a missing block is made from them.
// Thread: IdBlockWriter: journal. FindId: the reader's own.
// Limits: 8 bytes for each event; one block made from events costs some 1 ms.
#pragma once

#include <array>
#include <optional>

#include "common/base/digest.h"
#include "common/sqlite/sqlite.h"

namespace tillrelay::journal {

class IdBlockWriter {
 public:
  static constexpr uint64_t kIds = 1024;

  // Makes the table where it is missing. What is not open does nothing.
  Status Open(sqlite::Database* db);
  // In the transaction that stores the event.
  Status Add(uint64_t position, const Uuid& id);
  // Makes at most one block that is missing at or below position `newest`, in a transaction of its
  // own. True: there may be more.
  Result<bool> MakeOne(uint64_t newest);
  // The blocks that lie wholly below a position.
  Status Forget(uint64_t position);

 private:
  using Block = std::array<uint64_t, kIds>;
  Result<bool> Has(uint64_t number);
  Status Make(uint64_t number, uint64_t growing);
  Status Save(uint64_t number, const Block& block);

  sqlite::Database* db_ = nullptr;
  sqlite::Statement has_, save_, rows_, next_row_, forget_;
  Block open_{};  // the block that grows
  uint64_t open_number_ = 0;
  bool whole_ = false;      // open_ has been filled from its first place on
  uint64_t unchecked_ = 0;  // lower blocks are there, or need not be
  uint64_t forgotten_ = 0;  // lower blocks are gone
};

// The position of an id, or nothing. An event that was deleted is found as long as its block is
// kept.
Result<std::optional<uint64_t>> FindId(sqlite::Database* db, const Uuid& id);

}  // namespace tillrelay::journal
