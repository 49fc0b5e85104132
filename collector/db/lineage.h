// What: whether a place that a consumer keeps is one of this database's history.
// Promise: a cursor of another history is a conflict and one from behind what is kept is not found;
//   neither is ever taken for a place. The furthest position that a cursor names is compared: the
//   hash there covers all before it.
// Thread: the one that owns the connection; within one snapshot with what is read by the cursor.
// Errors: those of the database; conflict, not found.
#pragma once

#include "collector/db/running_hash.h"
#include "collector/db/tables.h"

namespace tillrelay::collector {

// The first position after which changes can be given is the next one.
uint64_t KeptAfter(const Tables::Head& head);
Result<std::string> HashAt(Sql* sql, const Tables::Head& head, uint64_t position);
Status CheckCursor(Sql* sql, const Tables::Head& head, const Cursor& cursor);
// The same at this moment, without a snapshot.
Status CheckCursor(Sql* sql, const Cursor& cursor);

}  // namespace tillrelay::collector
