// What: the quarantine's list and one document with its reason, and what a person can do with it.
// Promise: pure; every text from outside is escaped.
// Thread: any.
#pragma once

#include <string>
#include <vector>

#include "agent/admin/admin.h"
#include "agent/web/frame.h"

namespace tillrelay::web {

std::string QuarantineContent(const PageContext& context,
                              const std::vector<admin::QuarantineRow>& rows, size_t limit);

// `edited` is what a person has just sent in without success, `problem` why; both may be empty.
struct Attempt {
  std::string edited, problem;
};
std::string TicketContent(const PageContext& context, const Principal& viewer,
                          const admin::QuarantineRow& row, const Attempt& attempt);

}  // namespace tillrelay::web
