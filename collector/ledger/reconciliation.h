// What: a store's business day, put side by side: what the registers counted, what came, what is
//   missing; judged by the code that judges it in the store (common/reconcile).
// Promise: reads only what is committed; the answer is bounded.
// Thread: the one that owns the connection.
// Errors: those of the database; invalid (the question).
// Limits: 50,000 documents of a day are judged; a larger one is blocked and says so.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "collector/db/sql.h"
#include "collector/ledger/return_rate.h"

namespace tillrelay::collector {

// What was told, received, applied and is missing of a store's business day, with what each
// register counted itself, as JSON.
Result<std::string> ReconciliationJson(Sql* sql, const std::string& store, const std::string& day);

inline constexpr std::string_view kSeveralCurrencies = "*";

struct JudgedDay {
  std::string result;     // the worst of its registers: gaps, mismatch, no_totals, open, balanced
  bool agrees = true;     // with what the store found when its registers closed
  std::string blocks;     // what speaks against signing it, "; " between; "": nothing
  int64_t late = 0;       // documents after their register's close
  std::string registers;  // JSON: told, came and the difference of each
  // Millionths, of all registers without signs, in `currency`; of several currencies the largest
  // one, and `currency` is kSeveralCurrencies.
  int64_t difference = 0;
  std::string currency;
  uint64_t documents = 0;  // that were there, its closes not counted
  ReturnCounts returns;
};
// From the documents that table receipt and day_close name.
Result<JudgedDay> JudgeDay(Sql* sql, const std::string& store, const std::string& day);

}  // namespace tillrelay::collector
