// What: Sql over a SQLite file.
// Promise, thread, errors: see sql.h. One process writes: the lock file beside the database is held
//   while a writer lives. WAL, synchronous=FULL.
#pragma once

#include <memory>
#include <string>

#include "collector/db/sql.h"

namespace tillrelay::collector {

Result<std::unique_ptr<Sql>> OpenSqlite(const std::string& path, Access access);

}  // namespace tillrelay::collector
