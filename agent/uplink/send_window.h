// What: which messages are in flight: a bounded set of tokens, and the acknowledged numbers as a
//   contiguous watermark.
// Promise: never more tokens than the bound; an acknowledgement for an unknown token (of an older
//   connection) changes nothing.
// Thread: uplink.
#pragma once

#include <algorithm>
#include <cstdint>
#include <unordered_map>

#include "common/base/clock.h"
#include "common/wire/sequence_tracker.h"

namespace tillrelay::uplink {

class SendWindow {
 public:
  struct Flight {
    uint64_t sequence = 0;  // 0: a status or a reply
    bool replay = false;
  };

  void SetBound(uint32_t bound) { bound_ = std::max<uint32_t>(1, bound); }
  uint32_t bound() const { return bound_; }
  uint32_t free() const {
    const auto used = static_cast<uint32_t>(flights_.size());
    return used >= bound_ ? 0 : bound_ - used;
  }
  size_t in_flight() const { return flights_.size(); }
  size_t replays_in_flight() const { return replays_; }
  uint64_t acked_through() const { return acked_.through(); }
  // The moment since which something is in flight without any acknowledgement.
  Instant quiet_since() const { return quiet_since_; }

  // A new connection, or a cursor that went back: numbers count from `through` again.
  void Restart(uint64_t through) {
    flights_.clear();
    replays_ = 0;
    acked_ = wire::SequenceTracker(through);
  }
  void CountFrom(uint64_t through) { acked_ = wire::SequenceTracker(through); }
  void Jump(uint64_t through) { acked_.Jump(through); }

  void Sent(uint64_t token, Flight flight, Instant now) {
    if (flights_.empty()) quiet_since_ = now;
    flights_.emplace(token, flight);
    if (flight.replay) ++replays_;
  }
  // False for a token that is not in flight.
  bool Acked(uint64_t token, Instant now) {
    const auto found = flights_.find(token);
    if (found == flights_.end()) return false;
    if (found->second.replay) {
      --replays_;
    } else if (found->second.sequence > 0) {
      acked_.Add(found->second.sequence);
    }
    flights_.erase(found);
    quiet_since_ = now;
    return true;
  }

 private:
  uint32_t bound_ = 1;
  std::unordered_map<uint64_t, Flight> flights_;
  size_t replays_ = 0;
  wire::SequenceTracker acked_;
  Instant quiet_since_{};
};

}  // namespace tillrelay::uplink
