// What: the journal as the uplink reads it: rows in number order and the chain at any kept number.
// Promise: read-only, short, and never in the way of the committer; a row whose hashes do not fit
//   is not handed out.
// Thread: one, its owner's.
// Errors: corrupt (a damaged or missing row), not found (below the floor), unavailable.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/journal/record.h"
#include "common/sqlite/sqlite.h"

namespace tillrelay::journal {

class JournalReader {
 public:
  static Result<std::unique_ptr<JournalReader>> Open(const std::string& path,
                                                     const std::string& store_id,
                                                     const std::string& vfs = {});

  // Rows from `position` on, contiguous, at most `max_rows` and about `max_bytes` of data (at least
  // one row if there is one).
  Result<std::vector<Row>> Read(uint64_t position, size_t max_rows, size_t max_bytes);

  Result<StreamRow> CurrentStream();
  // The chain at `sequence` of a stream, from the nearest mark below.
  Result<wire::Chain> ChainAt(const StreamRow& stream, uint64_t sequence);

 private:
  JournalReader() = default;
  std::string store_id_;
  sqlite::Database db_;
  sqlite::Statement read_, mark_, links_;
};

}  // namespace tillrelay::journal
