// What: what others read from the collector's database over HTTP: changes and
//   facts about stores.
// Promise: reads only what is committed; answers are bounded.
// Thread: the reader's.
// Errors: those of the database; invalid (the question), not found (positions deleted by age),
//   conflict (a position that does not exist yet).
#pragma once

#include <map>
#include <string>

#include "collector/db/tables.h"
#include "collector/fleet/store_health.h"

namespace tillrelay::collector {

inline constexpr uint64_t kChangesLimit = 1000, kChangesDefault = 100;
inline constexpr size_t kChangesBytes = 8 * 1024 * 1024;  // of bodies in one answer

// Counted events after `after` in commit order, with what they did to stock, as JSON.
Result<std::string> ChangesJson(Sql* sql, uint64_t after, uint64_t limit);

Result<std::map<std::string, StoreFacts>> ReadFacts(Sql* sql);
std::string StoresJson(const std::vector<StoreHealth>& stores, WallTime now);

}  // namespace tillrelay::collector
