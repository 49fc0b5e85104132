// What: whose journal a file is, told without opening it as a journal.
// Promise: read-only and short; a running daemon is not disturbed.
// Thread: any.
// Errors: not found (no file, or an empty one), corrupt (no journal, or a damaged one),
// unavailable.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/status.h"

namespace tillrelay::journal {

struct JournalIdentity {
  std::string store_id;  // empty: it has none yet
  int64_t schema = 0;
  bool newer_schema = false;  // than this program knows
};
Result<JournalIdentity> ReadIdentity(const std::string& path);

}  // namespace tillrelay::journal
