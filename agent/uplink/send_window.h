// What: which messages are in flight: a bounded set of tokens, and the acknowledged numbers as a
//   contiguous watermark.
// Promise: never more tokens than the bound; an acknowledgement for an unknown token (of an older
//   connection) changes nothing.
// Thread: uplink.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "agent/uplink/timing.h"
#include "common/base/clock.h"
#include "common/wire/sequence_tracker.h"

namespace tillrelay::uplink {

class SendWindow {
 public:
  // A message holds the numbers from `sequence` to `last`, of the current stream unless replayed.
  struct Flight {
    uint64_t sequence = 0;  // 0: a status or a reply
    bool replay = false;
    uint64_t last = 0;  // 0: one event
    size_t bytes = 0;   // of the message
    Instant sent{};
    std::string stream = {};  // of a replay
    uint64_t through() const { return std::max(sequence, last); }
  };

  void SetBound(uint32_t bound) { bound_ = std::max<uint32_t>(1, bound); }
  uint32_t bound() const { return bound_; }
  uint32_t free() const {
    const auto used = static_cast<uint32_t>(flights_.size());
    return used >= bound_ ? 0 : bound_ - used;
  }
  size_t in_flight() const { return flights_.size(); }
  size_t bytes_in_flight() const { return bytes_; }
  size_t large_in_flight() const { return large_; }  // of messages above LineBudget::kLarge
  size_t replays_in_flight() const { return replays_; }
  uint64_t acked_through() const { return acked_.through(); }
  // The message in flight with the lowest number of the current stream.
  std::optional<Flight> FirstWaiting() const {
    std::optional<Flight> first;
    for (const auto& [token, flight] : flights_) {
      if (flight.replay || flight.sequence == 0) continue;
      if (!first || flight.sequence < first->sequence) first = flight;
    }
    return first;
  }
  // The moment since which something is in flight without any acknowledgement.
  Instant quiet_since() const { return quiet_since_; }

  // A new connection: numbers count from `through` again.
  void Restart(uint64_t through) {
    flights_.clear();
    replays_ = bytes_ = large_ = 0;
    acked_ = wire::SequenceTracker(through);
  }
  void CountFrom(uint64_t through) { acked_ = wire::SequenceTracker(through); }
  void Jump(uint64_t through) { acked_.Jump(through); }
  // Another stream: what is in flight still takes its place, but its numbers mean nothing here.
  void ForgetNumbers() {
    for (auto& [token, flight] : flights_) {
      if (!flight.replay) flight.sequence = flight.last = 0;
    }
    acked_ = wire::SequenceTracker(0);
  }

  void Sent(uint64_t token, Flight flight, size_t bytes, Instant now) {
    if (flights_.empty()) quiet_since_ = now;
    flight.bytes = bytes;
    flight.sent = now;
    bytes_ += bytes;
    if (bytes > LineBudget::kLarge) large_ += bytes;
    flights_.emplace(token, flight);
    if (flight.replay) ++replays_;
  }
  // Nothing for a token that is not in flight.
  std::optional<Flight> Acked(uint64_t token, Instant now) {
    auto flight = Done(token, now);
    if (flight && !flight->replay && flight->sequence > 0) {
      for (uint64_t n = flight->sequence; n <= flight->through(); ++n) acked_.Add(n);
    }
    return flight;
  }
  // The broker has answered, but did not take it.
  std::optional<Flight> Done(uint64_t token, Instant now) {
    const auto found = flights_.find(token);
    if (found == flights_.end()) return std::nullopt;
    const Flight flight = found->second;
    if (flight.replay) --replays_;
    bytes_ -= flight.bytes;
    if (flight.bytes > LineBudget::kLarge) large_ -= flight.bytes;
    flights_.erase(found);
    quiet_since_ = now;
    return flight;
  }

 private:
  uint32_t bound_ = 1;
  std::unordered_map<uint64_t, Flight> flights_;
  size_t replays_ = 0, bytes_ = 0, large_ = 0;
  wire::SequenceTracker acked_;
  Instant quiet_since_{};
};

}  // namespace tillrelay::uplink
