// What: the state of a stream as the rules see it: the watermark with its chain, and which numbers
//   lie above it as islands.
// Thread: the store's (values).
// Limits: 20,000 islands a stream (docs/wire.md); above that numbers are not held.
#pragma once

#include <vector>

#include "collector/db/rows.h"
#include "common/wire/sequence_tracker.h"

namespace tillrelay::collector {

inline constexpr size_t kMaxIslands = 20'000;

struct StreamState {
  uint64_t through() const { return seen.through(); }

  StreamRow row;  // `through` of it is set when it is written
  wire::SequenceTracker seen{0, kMaxIslands};
  std::vector<LossRow> lost;  // declared lost and not passed by the watermark yet, ascending
  uint64_t read_in = 0;       // the transaction that last saw its row
  bool dirty = false;
  bool bumped = false;  // `revision` has grown in this transaction
};

}  // namespace tillrelay::collector
