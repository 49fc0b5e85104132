// What: the views that are one table: registers, business days, audit.
// Promise: pure; every text from outside is escaped.
// Thread: any.
#pragma once

#include <string>
#include <vector>

#include "agent/status/admin.h"
#include "agent/status/look.h"

namespace tillrelay::status {

std::string RegistersContent(const Look& look);

struct DayRange {
  std::string from, through;  // "2026-11-21", inclusive
};
std::string DaysContent(const DayRange& range, const std::vector<DayRow>& rows);

std::string AuditContent(const Look& look, const std::vector<AuditRow>& rows, size_t limit);

}  // namespace tillrelay::status
