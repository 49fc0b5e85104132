// What: which buckets of cells are below zero, in table negative_cell.
// Thread: the one that owns the connection, inside a transaction.
// Errors: those of the database.
#pragma once

#include <string>

#include "collector/db/sql.h"

namespace tillrelay::collector {

// Puts the table in line with `stock`, after cells were changed as a whole.
Status RecountNegatives(Sql* sql, const std::string& now);

}  // namespace tillrelay::collector
