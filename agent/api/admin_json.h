// What: the admin API's rows as JSON.
// Thread: any (pure).
#pragma once

#include <string>
#include <vector>

#include "agent/admin/admin.h"
#include "agent/admin/resolve_many.h"

namespace tillrelay::api {

std::string EventsJson(const admin::EventPage& page);
std::string EventJson(const admin::EventRow& row);
std::string QuarantineJson(const admin::TicketPage& page);
std::string RegistersJson(const std::vector<reconcile::RegisterRow>& rows);
std::string DaysJson(const std::vector<admin::DayRow>& rows);
std::string SheetJson(const admin::DaySheet& sheet);
std::string IssuesJson(const std::vector<admin::IssueRow>& rows);
std::string AuditJson(const std::vector<journal::AuditRow>& rows);
std::string ResolvedJson(const admin::Resolved& resolved);
std::string BulkJson(const admin::BulkOutcome& outcome);

}  // namespace tillrelay::api
