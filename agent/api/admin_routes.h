// What: the admin API: events, quarantine, registers, days, audit, delivery, as JSON.
// Promise: answers are JSON or problem documents; every answer has the strict headers. Changing
//   routes are added apart from reading ones, so that a listener can offer the latter alone.
// Thread: http; replies come from other threads.
// Limits: kMaxLimit rows an answer; a reason of at most kMaxReasonCharacters.
#pragma once

#include <functional>
#include <memory>

#include "agent/admin/admin.h"
#include "common/http/router.h"

namespace tillrelay::api {

inline constexpr uint64_t kMaxLimit = 1000;

void AddReadingRoutes(http::Router& router, const std::shared_ptr<admin::Admin>& admin);
void AddChangingRoutes(http::Router& router, const std::shared_ptr<admin::Admin>& admin);
// POST /v1/replays changes; GET /v1/replays and /v1/replays/{id} read.
void AddReplayReadingRoutes(http::Router& router, const std::shared_ptr<admin::Admin>& admin);
void AddReplayOrderRoute(http::Router& router, const std::shared_ptr<admin::Admin>& admin);
// GET /v1/days and one register's day as a sheet.
void AddDayRoutes(http::Router& router, const std::shared_ptr<admin::Admin>& admin);
// The same of /v1/quarantine: lists and tickets, and what is done with them.
void AddQuarantineReadingRoutes(http::Router& router, const std::shared_ptr<admin::Admin>& admin);
void AddQuarantineOrderRoutes(http::Router& router, const std::shared_ptr<admin::Admin>& admin);
// GET /v1/issues reads; POST /v1/issues/acknowledge changes.
void AddIssueReadingRoute(http::Router& router, const std::shared_ptr<admin::Admin>& admin);
void AddIssueOrderRoute(http::Router& router, const std::shared_ptr<admin::Admin>& admin);
void AddDiagnosticsRoutes(http::Router& router, const std::shared_ptr<admin::Admin>& admin);
// POST /v1/reload; `ask` answers once the configuration has been read again.
void AddReloadRoute(http::Router& router, std::function<void(const http::Responder&)> ask);

}  // namespace tillrelay::api
