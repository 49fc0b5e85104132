// What: the journal's receipts as the intake tells them.
// Thread: any (pure).
#pragma once

#include <string>
#include <vector>

#include "agent/journal/record.h"

namespace tillrelay::capture {

// "[{\"outcome\":\"stored\",...},...]"
std::string ReceiptsJson(const std::vector<journal::Receipt>& receipts);

}  // namespace tillrelay::capture
