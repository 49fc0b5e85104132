// What: one document of the quarantine with its reason, and what a person can do with it.
// Promise: pure; every text from outside is escaped.
// Thread: any.
#pragma once

#include <string>

#include "agent/admin/admin.h"
#include "agent/web/frame.h"

namespace tillrelay::web {

// `edited` is what a person has just sent in without success, `problem` why; both may be empty.
struct Attempt {
  std::string edited, problem;
};
std::string TicketContent(const PageContext& context, const Principal& viewer,
                          const admin::QuarantineRow& row, const Attempt& attempt);

// Where it came from, and how often, in words.
std::string Origin(const admin::QuarantineRow& row);
std::string SeenText(const admin::QuarantineRow& row);

}  // namespace tillrelay::web
