// What: the collector's tables in both dialects, written once, and the steps from older ones.
// Promise: the names are relied upon by others (docs/collector.md, Tables).
// Thread: any (constants).
// Errors: invalid when a newer program wrote the tables.
//
// Quantities are NUMERIC. In SQLite whole ones are stored as integers, others as the nearest REAL;
// they are written from and read back to micro-units, exact below 1,000,000,000 at six decimals.
// In `movement` and `held_count` they are whole millionths.
// Times are RFC 3339 text as the event carries them; what the collector itself stamps is UTC.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/status.h"

namespace tillrelay::collector {

inline constexpr int64_t kSchemaVersion = 9;

enum class Dialect { kSqlite, kPostgres };

// What brings tables of version `from` (0: none) to ours.
Result<std::string> SchemaSteps(Dialect dialect, int64_t from);

}  // namespace tillrelay::collector
