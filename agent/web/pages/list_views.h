// What: the views that are one table: registers, business days, audit.
// Promise: pure; every text from outside is escaped.
// Thread: any.
#pragma once

#include <string>
#include <vector>

#include "agent/admin/admin.h"
#include "agent/web/page_context.h"

namespace tillrelay::web {

std::string RegistersContent(const PageContext& context);

struct DayRange {
  std::string from, through;  // "2026-11-21", inclusive
};
std::string DaysContent(const DayRange& range, const std::vector<admin::DayRow>& rows);

std::string AuditContent(const PageContext& context, const std::vector<journal::AuditRow>& rows,
                         size_t limit);

}  // namespace tillrelay::web
