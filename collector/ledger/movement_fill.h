// What: fills table `movement` with what counted before an older program's tables were migrated, so
//   that counts can be computed; until then they are held.
// Promise: in slices, each a transaction of its own, beside everything else; it goes on where it
// was
//   interrupted.
// Thread: that of the writing connection.
// Errors: those of the database.
#pragma once

#include "collector/db/tables.h"

namespace tillrelay::collector {

inline constexpr uint64_t kFillSlice = 1000;

// True: nothing is left to fill. The caller rolls back after a failure.
Result<bool> FillMovements(Sql* sql, uint64_t most = kFillSlice);

}  // namespace tillrelay::collector
