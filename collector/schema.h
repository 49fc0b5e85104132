// What: the collector's tables, and how its database is opened.
// Promise: one process writes: the lock file beside the database is held while `Central` lives.
//   Committed means synced (WAL, synchronous=FULL). The names below are relied upon by others.
// Thread: one.
// Errors: conflict when another process holds the lock; invalid when a newer program wrote the
//   schema; unavailable or corrupt when the file cannot be opened.
//
// Quantities are NUMERIC: whole ones are stored as integers, others as the nearest REAL. They are
// written from and read back to micro-units, which is exact below 1,000,000,000 at six decimals.
// Times are RFC 3339 text as the event carries them; what the collector itself stamps is UTC.
#pragma once

#include <string>

#include "common/base/files.h"
#include "common/sqlite/sqlite.h"

namespace tillrelay::collector {

struct Central {
  Fd lock;
  sqlite::Database db;
};

Result<Central> OpenCentral(const std::string& path);

}  // namespace tillrelay::collector
