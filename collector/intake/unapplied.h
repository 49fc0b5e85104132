// What: a person's order about an event of table `unapplied`, for the command line.
// Promise: applied at a new position or left as it is, in one transaction.
// Thread: the caller's; no collector may run on a SQLite file meanwhile.
// Errors: those of the database; not found when no such event is kept.
#pragma once

#include <string>

#include "collector/db/rows.h"
#include "common/base/status.h"

namespace tillrelay::collector {

// `time`, if not empty, takes the place of the event's own. False: it still cannot be applied.
Result<bool> ApplyOneKept(const std::string& url, const NumberKey& number, const std::string& time);

}  // namespace tillrelay::collector
