// What: the rows of table `gap`.
// Promise: SaveGaps replaces the rows of one stream, inside the caller's transaction.
// Thread: the store's.
// Errors: those of the database.
#pragma once

#include <utility>
#include <vector>

#include "collector/gaps.h"
#include "common/sqlite/sqlite.h"

namespace tillrelay::collector {

Result<std::vector<std::pair<StreamKey, Gap>>> LoadGaps(sqlite::Database* db);
Status SaveGaps(sqlite::Database* db, const StreamKey& key, const std::vector<Gap>& gaps);

}  // namespace tillrelay::collector
