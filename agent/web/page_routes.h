// What: all that a browser asks for: the overview for everybody, the other views and their forms
//   for people who are signed in, assets, live updates.
// Promise: every page is complete without a script; a form that was carried out answers 303, so
//   that a reload repeats nothing. Who may post is decided before these handlers (agent/access).
// Thread: http; pages that ask the journal are finished on the query thread.
#pragma once

#include "agent/web/status_sources.h"

namespace tillrelay::web {

void AddPageRoutes(http::Router& router, const StatusSources& queries);

}  // namespace tillrelay::web
