// What: status, health and metrics as programs read them, and the description of the API.
// Promise: answers at once from a snapshot; every answer carries the strict security headers.
// Thread: http (`snapshot` is called there and must not block).
#pragma once

#include <functional>

#include "agent/monitor/diagnosis.h"
#include "common/http/router.h"

namespace tillrelay::api {

void AddStatusRoutes(http::Router& router, const std::function<monitor::Snapshot()>& snapshot,
                     const monitor::TimeText& time_text = monitor::UtcTimeText);

}  // namespace tillrelay::api
