// What: what a person does with documents in quarantine on the page: one of them, or many.
// Promise: the same rules as the API's (agent/admin/reason.h): what the API refuses is refused
// here,
//   and what was typed or chosen is shown again.
// Thread: http; answers come from other threads.
// Limits: a form of one document is at most kMaxFormBytes; kMaxBulk documents an order.
#pragma once

#include <memory>

#include "agent/web/page_handler.h"
#include "common/http/router.h"

namespace tillrelay::web {

void AddQuarantineForms(http::Router& router, const std::shared_ptr<const StatusSources>& queries);

// GET /quarantine
void ShowQuarantine(const PageRequest& asked);

}  // namespace tillrelay::web
