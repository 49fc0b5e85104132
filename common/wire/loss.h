// What: ranges of numbers, and the numbers of a stream that are known to be gone: as the journal
//   keeps them, as the agent declares them, and as head office reads them.
// Thread: any (values).
#pragma once

#include <cstdint>
#include <string>

#include "common/wire/chain.h"

namespace tillrelay::wire {

// Inclusive at both ends.
struct Range {
  uint64_t first = 0, last = 0;
  uint64_t size() const { return last - first + 1; }
  bool operator==(const Range&) const = default;
};

struct Lost {
  std::string stream;
  // Where only the stream's end is unknown, `first` is one above `last`: no number is known for
  // certain.
  Range range;
  Chain chain{};         // at range.last; zeros: not known
  std::string reason;    // "not_kept" | "damaged" | "in_doubt" | "delivered"
  bool compared = true;  // false: the chain just below the range could not be compared any more
  bool open = false;     // numbers above range.last may have been given and lost too

  // Head office has said that it has them, and they are no longer here: gone where it was set back.
  bool was_delivered() const { return reason == kDelivered; }
  static constexpr const char* kDelivered = "delivered";
};

}  // namespace tillrelay::wire
