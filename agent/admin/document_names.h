// What: what a document in quarantine calls itself: kind, register, number and day.
// Promise: pure; any bytes are taken. Nothing is guessed: what the document does not say, or where
//   it cannot be read, is empty. Registers are written as everywhere: "3" for "03".
// Thread: any.
#pragma once

#include <string>

namespace tillrelay::admin {

struct DocumentNames {
  std::string kind, register_id, number, business_day;
};

// Of JSON (an event, or one as the intake takes it) and of POSLog.
DocumentNames NamesIn(const std::string& document);

}  // namespace tillrelay::admin
