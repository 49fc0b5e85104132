// What: the reason that a person gives for a decision, as page and API take it.
// Thread: any (pure).
// Errors: invalid, with what is wrong in words.
#pragma once

#include <string>

#include "agent/admin/admin.h"

namespace tillrelay::admin {

// What is given up needs a reason; none is longer than kMaxReasonBytes. Blanks around it go.
inline Status CheckReason(Resolution::Way way, std::string* reason) {
  const size_t first = reason->find_first_not_of(" \t\r\n");
  *reason = first == std::string::npos
                ? ""
                : reason->substr(first, reason->find_last_not_of(" \t\r\n") - first + 1);
  if (reason->size() > kMaxReasonBytes) {
    return Invalid("reason: at most " + std::to_string(kMaxReasonBytes) + " bytes");
  }
  if (way == Resolution::Way::kDiscard && reason->empty()) {
    return Invalid("reason: say why the document is discarded");
  }
  return Status::Ok();
}

}  // namespace tillrelay::admin
