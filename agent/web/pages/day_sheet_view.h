// What: one register's business day as a sheet to print: figures, gaps, late documents, totals.
// Promise: pure; every text from outside is escaped.
// Thread: any.
#pragma once

#include <string>

#include "agent/admin/admin.h"
#include "agent/web/page_context.h"

namespace tillrelay::web {

std::string DaySheetContent(const PageContext& context, const admin::DaySheet& sheet);

// "/days/2026-11-25/3"
std::string DaySheetPath(const reconcile::RegisterRow& row);

}  // namespace tillrelay::web
