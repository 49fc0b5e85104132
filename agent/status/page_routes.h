// What: the pages that a browser asks for: the overview for everybody, the other views and their
//   forms for who is signed in.
// Promise: every page is complete without a script; a form that was carried out answers 303, so
// that
//   a reload repeats nothing. Who may post is decided before these handlers (agent/access).
// Thread: http; pages that ask the journal are finished on the query thread.
#pragma once

#include "agent/status/routes.h"

namespace tillrelay::status {

void AddPageRoutes(http::Router& router, const Queries& queries);

}  // namespace tillrelay::status
