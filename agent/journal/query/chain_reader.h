// What: the chain at any kept number of a stream, from the nearest mark below.
// Thread: its owner's; borrows the connection.
// Errors: corrupt (a damaged or missing row), not found (below the floor).
// Limits: reads at most the rows between two marks, but all rows behind the last one.
#pragma once

#include <string>

#include "agent/journal/stream_row.h"
#include "common/sqlite/sqlite.h"

namespace tillrelay::journal {

class ChainReader {
 public:
  Status Open(sqlite::Database* db, std::string store_id);
  Result<wire::Chain> At(const StreamRow& stream, uint64_t sequence);

 private:
  Status Missing(const StreamRow& stream, uint64_t sequence);

  std::string store_id_;
  bool sealed_ = true;
  sqlite::Statement mark_, links_, lowest_;
};

}  // namespace tillrelay::journal
