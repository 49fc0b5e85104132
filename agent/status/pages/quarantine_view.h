// What: the quarantine's list and one document with its reason, and what a person can do with it.
// Promise: pure; every text from outside is escaped.
// Thread: any.
#pragma once

#include <string>
#include <vector>

#include "agent/status/admin.h"
#include "agent/status/frame.h"

namespace tillrelay::status {

std::string QuarantineContent(const Look& look, const std::vector<QuarantineRow>& rows,
                              size_t limit);

// `edited` is what a person has just sent in without success, `problem` why; both may be empty.
struct Attempt {
  std::string edited, problem;
};
std::string TicketContent(const Look& look, const Viewer& viewer, const QuarantineRow& row,
                          const Attempt& attempt);

}  // namespace tillrelay::status
