// What: the journal as the uplink reads it: rows in number order and the chain at any kept number.
// Promise: read-only, short, and never in the way of the committer; a row whose hashes do not fit
//   is not handed out.
// Thread: one, its owner's.
// Errors: corrupt (a damaged or missing row), not found (below the floor), unavailable.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/journal/query/chain_reader.h"
#include "agent/journal/record.h"
#include "agent/journal/stream_tables.h"
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
  // All streams by number, with their floors.
  Result<std::vector<StreamRow>> Streams() { return ReadStreams(&db_); }
  // The `stream_opened` event of a later stream: its number 1.
  // Not found: of an older stream, whose opening was lost.
  Result<Row> Opening(const StreamRow& stream);
  // The chain at `sequence` of a stream, from the nearest mark below.
  Result<wire::Chain> ChainAt(const StreamRow& stream, uint64_t sequence) {
    return chains_.At(stream, sequence);
  }

 private:
  JournalReader() = default;
  sqlite::Database db_;
  sqlite::Statement read_;
  ChainReader chains_;
};

}  // namespace tillrelay::journal
