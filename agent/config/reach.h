// What: where the running daemon can be reached, also while a file of the configuration is broken:
//   the daemon goes on with what it read at its start.
// Promise: what can be read is used; what cannot is left out, and the default stands in.
// Thread: any.
#pragma once

#include <string>

#include "common/base/status.h"

namespace tillrelay::config {

struct Reach {
  std::string socket;  // control.socket; empty: none
  Status fault;        // why the configuration could not be read as a whole
};
Reach FindReach(const std::string& path);

}  // namespace tillrelay::config
