// What: receipts as others ask for them: by store and business day, number, item or lot.
// Promise: in the order of their positions within a store, and within a business day where a day is
//   asked for; a page begins behind the last receipt of the one before, so that none is given twice
//   and none is left out. Each answer is read from one snapshot of the database.
// Thread: the reader's.
// Errors: those of the database; invalid (the question).
// Limits: an answer looks through at most kReceiptsScanned receipts and may be empty while there is
//   a next page; it ends early when its receipts have kReceiptLines.
#pragma once

#include <string>

#include "collector/db/sql.h"

namespace tillrelay::collector {

inline constexpr uint64_t kReceiptsLimit = 500, kReceiptsDefault = 100;
inline constexpr uint64_t kReceiptsScanned = 2000;
inline constexpr uint64_t kReceiptLines = 20'000;  // no further receipt begins behind them

struct ReceiptsQuestion {
  std::string store, business_day, register_id, number, item, lot;  // "": any
  std::string page;           // `next_page` of the answer before; "": the first
  std::string page_end = {};  // Parameters::PageEnd
  uint64_t limit = kReceiptsDefault;
};
Result<std::string> ReceiptsJson(Sql* sql, const ReceiptsQuestion& question);

}  // namespace tillrelay::collector
