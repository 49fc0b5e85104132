// What: a row of the table `event` as every reader takes it: the columns and whether they are still
//   what was once written.
// Thread: the statement's.
#pragma once

#include "agent/journal/record.h"
#include "agent/journal/seal.h"
#include "common/sqlite/sqlite.h"

namespace tillrelay::journal {

// What ReadEventRow expects a statement to select, in this order.
inline constexpr const char* kEventColumns =
    "position,id,kind,subject,time,recorded_at,data,data_sha256,seal";

// The statement stands on a row. True: its seal and the hash of its data fit.
bool ReadEventRow(const sqlite::Statement& select, Row* row);

bool IsSound(const Row& row, const Seal& seal);

}  // namespace tillrelay::journal
