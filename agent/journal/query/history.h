// What: the history in the journal's file: a week of minutes and a quarter of hours, in two rings
// of
//   rows that are overwritten in place.
// Promise: docs/journal.md, "History". It is no truth: a file without it is as good, a failure to
// write
//   it harms nothing, and an older program leaves it alone.
// Thread: HistoryWriter: journal. HistoryReader: one, its owner's.
// Limits: kMinutes and kHours rows, for good.
#pragma once

#include <string>

#include "agent/journal/history_stats.h"
#include "common/sqlite/sqlite.h"

namespace tillrelay::journal {

inline constexpr int64_t kMinutes = 7 * 24 * 60;  // whole days and hours, so that rows of an hour
inline constexpr int64_t kHours = 92 * 24;        // stand side by side

// Makes the table where it is missing.
Status PrepareHistory(sqlite::Database* db);

class HistoryWriter {
 public:
  Status Open(sqlite::Database* db);
  // The minute, and the hour that it belongs to, in a transaction of its own.
  Status Save(const HistoryPoint& minute);

 private:
  sqlite::Database* db_ = nullptr;
  sqlite::Statement save_, fold_;
};

// The points from `from_s` to `through_s` (both inclusive), `step_s` apart: below an hour made of
// minutes, else of hours. Places that have no row have no point.
Result<HistoryPoints> ReadHistory(sqlite::Database* db, const HistoryPoints& wanted);

}  // namespace tillrelay::journal
