// What: the ledger computed anew from the stored events.
// Promise: in slices beside running collectors (PostgreSQL), each a transaction of its own, into
//   tables of its own; a rebuild that was interrupted goes on. In the last transaction the served
//   ledger becomes what the events say and nothing else, and what that changes appears as changes
//   of kind `ledger_corrected`. Memory does not grow with the number of events.
// Thread: the caller's; no collector may run on a SQLite file meanwhile.
// Errors: those of the database; invalid when events have been deleted by age, so that a rebuild
//   would lose their effects.
#pragma once

#include <cstdint>

#include "collector/db/sql.h"
#include "common/base/clock.h"

namespace tillrelay::collector {

struct Rebuilt {
  uint64_t events = 0;           // counted ones that the ledger consists of
  uint64_t corrected_cells = 0;  // of the served ledger
  bool finished = false;
};

// `now` decides about counts from after it.
Result<Rebuilt> RebuildLedger(Sql* sql, WallTime now);
// One transaction of it.
Result<Rebuilt> RebuildSlice(Sql* sql, WallTime now);

}  // namespace tillrelay::collector
