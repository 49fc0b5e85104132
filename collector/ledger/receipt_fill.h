// What: fills the tables for the warehouse with what counted before an older program's tables were
//   migrated.
// Promise: in slices, each a transaction of its own, beside everything else; it goes on where it
//   was interrupted, and fills nothing that has been deleted by age.
// Thread: that of the writing connection.
// Errors: those of the database.
#pragma once

#include "collector/db/tables.h"

namespace tillrelay::collector {

inline constexpr uint64_t kReceiptSlice = 500;

// True: nothing is left to fill. The caller rolls back after a failure.
Result<bool> FillReceipts(Sql* sql, uint64_t most = kReceiptSlice);

}  // namespace tillrelay::collector
