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
  std::string store_id_;
  sqlite::Statement mark_, links_;
};

// All streams of the file by number, with their floors.
Result<std::vector<StreamRow>> ReadStreams(sqlite::Database* db);
// Sets the floors from the lowest position from which upward nothing is missing.
void SetFloors(std::vector<StreamRow>* streams, uint64_t lowest);

}  // namespace tillrelay::journal
