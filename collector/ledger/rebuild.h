// What: the ledger computed anew from the stored events.
// Promise: one transaction; the result is what the events say and nothing else.
// Thread: the caller's; no collector may run on a SQLite file meanwhile.
// Errors: those of the database; invalid when events have been deleted by age, so that a rebuild
//   would lose their effects.
#pragma once

#include <cstdint>

#include "collector/db/sql.h"

namespace tillrelay::collector {

// Gives the number of events applied.
Result<uint64_t> RebuildLedger(Sql* sql);

}  // namespace tillrelay::collector
