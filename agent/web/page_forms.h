// What: what a person does on the pages, as forms: pause, resume, try now, resolve a ticket, send
//   again.
// Promise: see page_routes.h. What was typed is never lost: a document that cannot be taken comes
//   back in its editor with the reason.
// Thread: http; finished on other threads.
// Limits: a form is at most kMaxFormBytes.
#pragma once

#include <memory>

#include "agent/web/status_sources.h"

namespace tillrelay::web {

// A corrected document of limits.body_bytes, with every byte escaped, and the form's other fields.
inline constexpr size_t kMaxFormBytes = 25 * 1024 * 1024;

void AddPageForms(http::Router& router, const std::shared_ptr<const StatusSources>& queries);

}  // namespace tillrelay::web
