// What: ULIDs (48 bits of milliseconds, 80 random bits, Crockford base 32) for streams, sessions
//   and commands.
// Thread: any.
#pragma once

#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/random.h"

namespace tillrelay::wire {

std::string NewUlid(WallTime now, Random* random);
bool IsUlid(std::string_view text);

}  // namespace tillrelay::wire
