// What: sinks as JSON and as a page.
// Promise: complete without JavaScript but for decisions; every text from outside is escaped.
// Thread: the reader's; the page any.
// Errors: those of the database; not found (no such sink).
#pragma once

#include <string>
#include <vector>

#include "collector/sinks/sink_states.h"
#include "common/base/clock.h"

namespace tillrelay::collector {

Result<std::string> SinksJson(Sql* sql);
// With its history.
Result<std::string> SinkJson(Sql* sql, const std::string& name);
std::string SinksPageHtml(const std::vector<SinkState>& sinks, WallTime now);

}  // namespace tillrelay::collector
