// What: the registers' tokens over HTTP: list, add, remove. For the control socket only, where the
//   file's mode decides who may.
// Promise: the answer to a change comes after it is durable and in force.
// Thread: http; the disk is waited for in `run`.
#pragma once

#include <functional>

#include "agent/capture/token_store.h"
#include "common/http/router.h"
#include "common/http/token_routes.h"

namespace tillrelay::capture {

void AddTokenRoutes(http::Router* router, TokenStore* tokens, http::RunElsewhere run);

}  // namespace tillrelay::capture
