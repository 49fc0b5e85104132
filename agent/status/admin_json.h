// What: the admin API's rows as JSON.
// Thread: any (pure).
#pragma once

#include <string>
#include <vector>

#include "agent/status/admin.h"

namespace tillrelay::status {

std::string EventsJson(const EventPage& page);
std::string EventJson(const EventRow& row);
std::string QuarantineJson(const std::vector<QuarantineRow>& rows);
std::string TicketJson(const QuarantineRow& row);
std::string RegistersJson(const std::vector<books::RegisterRow>& rows);
std::string DaysJson(const std::vector<DayRow>& rows);
std::string AuditJson(const std::vector<AuditRow>& rows);
std::string ResolvedJson(const Resolved& resolved);

}  // namespace tillrelay::status
