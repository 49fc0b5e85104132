// What: the rules for paths: the journal, the drop folder, the sockets, and that no two settings
//   name the same place.
// Promise: nothing is made, opened or changed.
// Thread: as validation.h.
#pragma once

#include <vector>

#include "agent/validation/validation.h"

namespace tillrelay::validation {

inline constexpr const char* kAsRoot =
    "run this as root: it then judges with the rights of the service";

// Whoever asks is neither the service nor root, and sees less than the service does.
bool IsOutsider(const Viewpoint& viewpoint);

std::vector<Finding> JudgePlaces(const config::Config& config, const Viewpoint& viewpoint);

}  // namespace tillrelay::validation
