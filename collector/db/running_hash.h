// What: the running hash over positions: what a cursor of the changes carries, so that it is told
//   apart from one of another history, as after the database was restored from a backup.
// Promise: pure. Two databases give the same hash at a position only if every change up to it was
//   the same event with the same outcome, and they grew from the same beginning.
// Thread: any.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "collector/db/rows.h"

namespace tillrelay::collector {

// 32 hex digits. `lines` are the movements of the change at `position`.
std::string NextHash(std::string_view before, uint64_t position, std::string_view store,
                     std::string_view id, std::span<const MovementRow> lines);

// A place in the changes as consumers keep it, opaque to them: where they go on, and how far they
// have seen already, which the pages of a snapshot are when events came between them. A history
// that has only the first of the two is not the one that they have seen.
struct Cursor {
  struct Place {
    uint64_t position = 0;
    std::string hash;
  };
  Place at;
  std::optional<Place> seen;  // always behind `at`
};
std::string CursorText(const Cursor& cursor);
std::optional<Cursor> ReadCursor(std::string_view text);

}  // namespace tillrelay::collector
