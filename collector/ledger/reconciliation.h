// What: a store's business day, put side by side: what the registers counted, what came, what is
//   missing.
// Promise: reads only what is committed; the answer is bounded.
// Thread: the reader's.
// Errors: those of the database; invalid (the question).
#pragma once

#include <string>

#include "collector/db/sql.h"

namespace tillrelay::collector {

// What was told, received, applied and is missing of a store's business day, with what each
// register counted itself, as JSON.
Result<std::string> ReconciliationJson(Sql* sql, const std::string& store, const std::string& day);

}  // namespace tillrelay::collector
