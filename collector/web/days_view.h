// What: all stores of a business day: what came, what was found, what blocks signing it; as JSON
//   and as a table for spreadsheets.
// Promise: reads only what is committed; answers are bounded.
// Thread: the reader's; the rest any (pure).
// Errors: those of the database; invalid (the question).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "collector/db/sql.h"
#include "common/base/decimal.h"

namespace tillrelay::collector {

inline constexpr size_t kDaysLimit = 1000;

struct DaysQuestion {
  std::string business_day;  // "": the last one of which something came
  std::string page;          // the store behind which it begins
  size_t limit = kDaysLimit;
};

struct DayRow {
  std::string store;
  std::string state;  // nothing | open | judging | blocked | ready | signed
  uint64_t received = 0, late = 0, missing = 0;
  bool agrees = true;
  std::string closed_at, result, blocks, registers;
  // Over and short of all registers, without signs, by currency.
  std::map<std::string, Decimal> differences;
  int64_t rank = 0;  // the more, the further off
  std::string signed_at, signed_by, signed_note, reopened_at;
};
struct DaysAnswer {
  std::string business_day;
  std::vector<DayRow> stores;  // by name
  bool more = false;
};

Status CheckQuestion(const DaysQuestion& question);
Result<DaysAnswer> ReadDays(Sql* sql, const DaysQuestion& question);
std::string DaysJson(const DaysAnswer& answer);
std::string DaysCsv(const DaysAnswer& answer);

}  // namespace tillrelay::collector
