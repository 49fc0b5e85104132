// What: what ERP, web shop and warehouse follow: counted events in the order of commit, with what
//   each did to every cell that it touched; and stock, which is where they begin.
// Promise: adding every `change`, or setting every `quantity`, gives the ledger exactly; nobody
//   needs a rule about times. A cursor of another history, or from behind what is kept, is refused,
//   never taken for a place. Each answer is read from one snapshot of the database.
// Thread: the reader's.
// Errors: those of the database; invalid (the question), conflict (no place in this history), not
//   found (no longer kept).
// Limits: the constants below.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "collector/db/running_hash.h"
#include "collector/db/sql.h"
#include "collector/fleet/store_health.h"

namespace tillrelay::collector {

inline constexpr uint64_t kChangesLimit = 1000, kChangesDefault = 100;
inline constexpr size_t kChangesBytes = 8 * 1024 * 1024;  // of bodies in one answer
inline constexpr uint64_t kChangesScanned = 20'000;       // positions that one answer looks through
inline constexpr uint64_t kStockLimit = 1000;
inline constexpr size_t kStockNamed = 100;  // stores, or items, of one question

struct ChangesQuestion {
  std::optional<Cursor> cursor;  // none: from the beginning
  uint64_t limit = kChangesDefault;
  std::string store, item;  // "": all
  bool with_data = true;    // the documents too, which say what was sold
  size_t bytes = kChangesBytes;
};
struct ChangesAnswer {
  std::string json;
  Cursor next;
  uint64_t changes = 0;  // how many
  bool more = false;     // something follows
};
Result<ChangesAnswer> ReadChanges(Sql* sql, const ChangesQuestion& question);

struct StockQuestion {
  std::vector<std::string> stores, items;  // none: all
  std::string page;                        // `next_page` of the answer before; "": the first
  uint64_t limit = kStockLimit;
};
Result<std::string> StockJson(Sql* sql, const StockQuestion& question,
                              const std::map<std::string, StoreActivity>& news, WallTime now);

}  // namespace tillrelay::collector
