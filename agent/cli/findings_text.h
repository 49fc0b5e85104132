// What: what validation found, as people read it on standard error.
// Thread: main.
#pragma once

#include <vector>

#include "agent/validation/validation.h"

namespace tillrelay::cli {

void PrintFindings(const std::vector<validation::Finding>& findings);

}  // namespace tillrelay::cli
