// What: stock as it is, with how fresh each store is: where whoever follows the changes begins.
// Promise: an answer is read from one snapshot of the database; its cursor is of the same moment.
// Thread: the reader's.
// Errors: those of the database; invalid (the question).
// Limits: the constants below.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "collector/db/sql.h"
#include "collector/fleet/store_health.h"

namespace tillrelay::collector {

inline constexpr uint64_t kStockLimit = 1000;
inline constexpr size_t kStockNamed = 100;  // stores, or items, of one question

struct StockQuestion {
  std::vector<std::string> stores, items;  // none: all
  std::string page;                        // `next_page` of the answer before; "": the first
  std::string page_end = {};               // Parameters::PageEnd
  uint64_t limit = kStockLimit;
};
Result<std::string> StockJson(Sql* sql, const StockQuestion& question,
                              const std::map<std::string, StoreActivity>& news, WallTime now);

}  // namespace tillrelay::collector
