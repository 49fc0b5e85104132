// What: the page of exceptions: what is wrong, the worst first, with a filter, and what a person
//   can say about each.
// Promise: complete without JavaScript but for the decisions; every text from outside is escaped.
// Thread: any.
#pragma once

#include <string>
#include <vector>

#include "collector/exceptions/exception_table.h"
#include "common/base/clock.h"

namespace tillrelay::collector {

struct ExceptionsView {
  WallTime now{};
  ExceptionsQuestion question;  // `limit` of `exceptions` are shown
  std::vector<Exception> exceptions;
  std::string last_round;
  ExceptionCounts counts;
};

std::string ExceptionsPageHtml(const ExceptionsView& view);

}  // namespace tillrelay::collector
