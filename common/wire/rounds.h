// What: which of many entries a message names that has room for few of them.
// Promise: the first `always` in each message, and of the others as many as fit, other ones in each
//   round: within (count / step + 1) rounds every entry has been named. Pure.
// Thread: any.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/base/clock.h"

namespace tillrelay::wire {

// Of a store's streams in a status and in a confirmation; more are not read.
inline constexpr size_t kStreamsNamed = 16;
// A status and a confirmation come once a minute at least, and so do rounds.
inline uint64_t RoundAt(Instant now) {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::minutes>(now.time_since_epoch()).count());
}

struct Rounds {
  size_t most = 0, always = 0, step = 1;

  // Places among `count` entries, those of the round behind those that always come.
  std::vector<size_t> Named(size_t count, uint64_t round) const {
    std::vector<size_t> named;
    const size_t first = count <= most ? count : always;
    for (size_t i = 0; i < first; ++i) named.push_back(i);
    const size_t others = count - first;
    for (size_t i = 0; i < std::min(others, most - first); ++i) {
      named.push_back(first + static_cast<size_t>((round * step + i) % others));
    }
    return named;
  }
};

// Of `count` older streams those that a status names beside the current one. They come in turn from
// the front on, since a status may be shortened to four of them.
inline std::vector<size_t> OlderNamed(size_t count, uint64_t round) {
  return Rounds{kStreamsNamed - 1, 0, 4}.Named(count, round);
}

}  // namespace tillrelay::wire
