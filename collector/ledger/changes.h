// What: what ERP, web shop and warehouse follow: counted events in the order of commit, with what
//   each did to every cell that it touched.
// Promise: adding every `change`, or setting every `quantity`, gives the ledger exactly; nobody
//   needs a rule about times. A cursor of another history, or from behind what is kept, is refused,
//   never taken for a place. Each answer is read from one snapshot of the database, and the same
//   range of positions always gives the same entries.
// Thread: whoever owns the connection.
// Errors: those of the database; invalid (the question), conflict (no place in this history), not
//   found (no longer kept).
// Limits: the constants below.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "collector/db/running_hash.h"
#include "collector/db/sql.h"

namespace tillrelay::collector {

inline constexpr uint64_t kChangesLimit = 1000, kChangesDefault = 100;
inline constexpr size_t kChangesBytes = 8 * 1024 * 1024;  // of bodies in one answer
inline constexpr uint64_t kChangesScanned = 20'000;       // positions that one answer looks through

struct ChangesQuestion {
  std::optional<Cursor> cursor;  // none: from the beginning
  uint64_t limit = kChangesDefault;
  std::string store, item;  // "": all
  bool with_data = true;    // the documents too, which say what was sold
  uint64_t through = 0;     // the last position that is wanted; 0: the last one that there is
  size_t bytes = kChangesBytes;
  // Only events of these stores, or that touch a cell of theirs, and of these kinds; empty: all.
  std::set<std::string> stores, kinds;
};
struct ChangesAnswer {
  // One of them, where it stands in `entries`.
  struct Entry {
    size_t begin = 0, size = 0;
    std::string store, kind;
  };
  std::string entries;  // a JSON array
  std::vector<Entry> each = {};
  uint64_t count = 0;     // of them
  uint64_t last = 0;      // the position of the last of them
  Cursor next;            // everything up to here has been looked at
  uint64_t position = 0;  // the last one that there is
  bool more() const { return next.at.position < position; }
};
Result<ChangesAnswer> ReadChanges(Sql* sql, const ChangesQuestion& question);
// What GET /v1/changes serves.
std::string ChangesJson(const ChangesAnswer& answer);

}  // namespace tillrelay::collector
