// What: one stream of the journal, and which stream a position belongs to; docs/journal.md.
// Thread: any (values).
// Limits: `base` may be one below the first position and then wraps; `base + sequence` is right
//   for every sequence from 1, bases are never compared.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "common/wire/chain.h"
#include "common/wire/loss.h"

namespace tillrelay::journal {

// At a number of which nobody knows the chain any more: no mark is made of it.
inline constexpr wire::Chain kUnknownChain{};

struct StreamRow {
  std::string stream;
  uint64_t base = 0, head = 0, confirmed_through = 0, acked_through = 0;
  wire::Chain head_chain{}, confirmed_chain{};
  bool current = false;
  uint64_t number = 1;  // 1 for the first stream of the file; later ones begin with stream_opened
  uint64_t first = 1;   // the lowest position whose row belongs to this stream
  uint64_t floor = 1;   // from this number on nothing is missing

  uint64_t own_first() const { return first - base; }  // number of the row at `first`
  bool has_opening() const { return number > 1; }
  bool operator==(const StreamRow&) const = default;
};

// `streams` by number. The younger stream owns everything from its first position on.
inline const StreamRow* StreamAt(const std::vector<StreamRow>& streams, uint64_t position) {
  for (auto row = streams.rbegin(); row != streams.rend(); ++row) {
    if (row->first <= position) return &*row;
  }
  return nullptr;
}

inline bool HoldsRows(const StreamRow& row) {
  return row.floor <= row.head && row.own_first() <= row.head;
}

// Rows of it were deleted because the broker had acknowledged them (delivery.confirm = "broker");
// the centre has not confirmed them. They were delivered, and nobody here can send them again.
inline bool DeletedOnBrokersWord(const StreamRow& row) {
  return row.floor > row.confirmed_through + 1 && row.floor <= row.acked_through + 1;
}

inline bool OnlyBrokerHas(const StreamRow& row) {
  return row.acked_through > row.confirmed_through;
}

// The lowest position from which upward nothing is missing.
inline uint64_t LowestKept(const std::vector<StreamRow>& streams) {
  for (const StreamRow& row : streams) {
    const uint64_t number = row.floor > row.own_first() ? row.floor : row.own_first();
    if (number <= row.head) return row.base + number;
  }
  return streams.back().base + streams.back().head + 1;
}

// What is kept here and not covered by the centre's word (`by_broker`: the broker's), stream by
// stream: those that ended before are owed as well.
struct WaitingEvents {
  uint64_t events = 0;
  uint64_t oldest = 0;  // position of the first; 0: none
};
inline WaitingEvents WaitingIn(const std::vector<StreamRow>& streams, bool by_broker) {
  WaitingEvents waiting;
  for (size_t i = 0; i < streams.size(); ++i) {
    const StreamRow& row = streams[i];
    const uint64_t through =
        by_broker ? std::max(row.acked_through, row.confirmed_through) : row.confirmed_through;
    uint64_t first = through + 1, last = row.head;
    if (i + 1 < streams.size()) {
      if (!HoldsRows(row)) continue;
      first = std::max({first, row.floor, row.own_first()});
      last = std::min(last, streams[i + 1].first - 1 - row.base);
    }
    if (first > last) continue;
    waiting.events += last - first + 1;
    if (waiting.oldest == 0) waiting.oldest = row.base + std::max(first, row.own_first());
  }
  return waiting;
}

// An event whose body stays here because the centre says that it is owed.
struct OwedEvent {
  std::string stream;
  uint64_t sequence = 0;
};

}  // namespace tillrelay::journal
