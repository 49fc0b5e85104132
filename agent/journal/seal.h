// What: the hash that ties a row's columns together, so that a flipped bit anywhere is seen: the
// first
//   8 bytes of SHA-256 over them (docs/journal.md, "Seals").
// Thread: any.
#pragma once

#include <array>
#include <string_view>

#include "agent/journal/record.h"
#include "agent/journal/stream_row.h"

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

// Of the other rows that decide what is sent. A stream's seal covers the store as well, so that
// damage to the store's name is told from another store's file.
Seal SealOfStream(std::string_view store_id, const StreamRow& row);
Seal SealOfMark(std::string_view stream, uint64_t sequence, const wire::Chain& chain);
Seal SealOfLoss(const wire::Lost& row);
// `row`: as JournalReader::Opening gives it; its position is not covered.
Seal SealOfOpening(std::string_view stream, const Row& row);

}  // namespace tillrelay::journal
