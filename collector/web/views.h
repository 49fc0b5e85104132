// What: what others read from the collector's database over HTTP: facts about stores.
// Promise: reads only what is committed; answers are bounded.
// Thread: the reader's.
// Errors: those of the database; invalid (the question).
#pragma once

#include <map>
#include <string>

#include "collector/db/tables.h"
#include "collector/fleet/store_health.h"

namespace tillrelay::collector {

Result<std::map<std::string, StoreFacts>> ReadFacts(Sql* sql);
std::string StoresJson(const std::vector<StoreHealth>& stores, WallTime now);

}  // namespace tillrelay::collector
