// What: rows of the journal that other rooms show as they are: documents in quarantine, the audit,
//   the list of issues. Plain values, which every room may read.
// Thread: any (values).
#pragma once

#include <cstdint>
#include <string>

#include "common/base/clock.h"

namespace tillrelay::journal {

// Who did what, when and why: a line of the table `audit`.
struct AuditRow {
  std::string actor, action, subject, reason, outcome;
  WallTime at{};
  uint64_t number = 0;  // set when read
};

// One document in quarantine, as a person reads it.
struct QuarantineRow {
  uint64_t ticket = 0, seen = 0;
  std::string reason, field, hint, channel, origin, document, format;
  WallTime created_at{};
};

// One thing that needs a person, as texts of the room that keeps that list
// (agent/monitor/issue_list.h).
struct IssueRow {
  std::string id, state, body;
};

}  // namespace tillrelay::journal
