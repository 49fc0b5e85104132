// What: the collector as a process: one thread that owns link and store, fed by one bounded inbox;
//   SIGTERM and SIGINT end it in order.
// Promise: the inbox holds at most 4,096 messages or 64 MiB; what comes above is dropped
//   unconfirmed and counted, and comes again.
// Thread: the one that calls Run; signals must not have been touched before.
// Errors: those of a start that cannot succeed: configuration, database.
#pragma once

#include "collector/config.h"
#include "common/base/status.h"

namespace tillrelay::collector {

// Returns after a signal, or with what kept it from starting.
Status RunService(const Config& config);

}  // namespace tillrelay::collector
