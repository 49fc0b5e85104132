// What: the overview page as one HTML document, complete without a script.
// Promise: pure; every text from outside is escaped; no inline style or script, so the strict
//   content security policy of routes.cc holds. The state is told in words, symbol and colour.
// Thread: any.
#pragma once

#include <string>
#include <string_view>

#include "agent/status/diagnosis.h"
#include "agent/status/snapshot.h"

namespace tillrelay::status {

std::string OverviewPage(const Snapshot& snapshot, const TimeText& time_text = UtcTimeText);

std::string EscapeHtml(std::string_view text);

}  // namespace tillrelay::status
