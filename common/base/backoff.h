// What: how long to wait before something that failed is tried again.
// Promise: doubles with each failure and never leaves its two bounds.
// Thread: any (pure).
#pragma once

#include <algorithm>

#include "common/base/clock.h"

namespace tillrelay {

// The wait after `failures` earlier ones: `least`, then twice as long each time, up to `most`.
constexpr Duration Backoff(Duration least, Duration most, int failures) {
  Duration wait = least;
  for (; failures > 0 && wait < most; --failures) wait *= 2;
  return std::min(wait, most);
}

}  // namespace tillrelay
