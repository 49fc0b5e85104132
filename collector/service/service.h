// What: the collector as a process: a thread that owns link and store, fed by one bounded inbox; a
//   reader for questions; HTTP; and main, which waits for signals and pats the watchdog.
// Promise: READY is said when the store is open and HTTP listens. The inbox holds at most 4,096
//   messages or 64 MiB; what comes above is dropped unconfirmed and counted, and comes again. After
//   SIGTERM what is in the inbox is stored and confirmed, within its patience.
// Thread: main; signals must not have been touched before.
// Errors: those of a start that cannot succeed: configuration, database, address.
#pragma once

#include "collector/service/config.h"
#include "common/base/status.h"

namespace tillrelay::collector {

// Returns after a signal, or with what kept it from starting.
Status RunService(const Config& config);

}  // namespace tillrelay::collector
