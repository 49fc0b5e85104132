// What: the hash that ties a row's columns together, so that a flipped bit anywhere is seen.
// Thread: any.
#pragma once

#include <array>
#include <string_view>

#include "agent/journal/record.h"

namespace tillrelay::journal {

using Seal = std::array<uint8_t, 8>;

struct SealInput {
  uint64_t position;
  const Uuid& id;
  int64_t recorded_us;
  const Sha256Digest& data_digest;
  std::string_view kind, subject, time;
};

Seal SealOf(const SealInput& row);

}  // namespace tillrelay::journal
