// What: which older streams the centre has less of than is kept, and when what it lacks is sent
//   without its asking.
// Promise: a centre is given time to ask; any word that moves gives it that time again. What it
//   still lacks then is due, and due again after twice as long each time. No clock, no I/O.
// Thread: uplink.
// Limits: as many streams as the centre names.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "agent/uplink/timing.h"
#include "common/base/clock.h"

namespace tillrelay::uplink {

class OlderStreams {
 public:
  struct Rest {
    std::string stream;
    uint64_t first = 0;
  };

  // A live word that agrees with the journal: everything through this number is there, and
  // `missing` events behind it are not.
  void Behind(const std::string& stream, uint64_t through, uint64_t missing, Instant now) {
    const auto known = behind_.find(stream);
    if (known != behind_.end() && known->second.through == through) return;
    behind_[stream] = {through, missing, now + kOlderGrace, kOlderGrace};
  }
  void Complete(const std::string& stream) { behind_.erase(stream); }
  // What the journal no longer has can neither be sent nor be missing.
  template <typename Known>
  void ForgetAllBut(const Known& known) {
    std::erase_if(behind_, [&known](const auto& place) { return !known(place.first); });
  }
  // Of all older streams.
  uint64_t missing() const {
    uint64_t sum = 0;
    for (const auto& [stream, place] : behind_) sum += place.missing;
    return sum;
  }

  // What is to be sent now. It is due again later, unless the centre's word moves.
  std::optional<Rest> Take(Instant now) {
    for (auto& [stream, place] : behind_) {
      if (now < place.send_at) continue;
      place.wait = std::min<Duration>(2 * place.wait, kOlderMost);
      place.send_at = now + place.wait;
      return Rest{stream, place.through + 1};
    }
    return std::nullopt;
  }
  // The next time at which something becomes due; what is due already waits for something else.
  std::optional<Instant> Next(Instant now) const {
    std::optional<Instant> next;
    for (const auto& [stream, place] : behind_) {
      if (place.send_at > now && (!next || place.send_at < *next)) next = place.send_at;
    }
    return next;
  }

 private:
  struct Place {
    uint64_t through = 0, missing = 0;
    Instant send_at{};
    Duration wait{kOlderGrace};
  };
  std::map<std::string, Place> behind_;  // by stream
};

}  // namespace tillrelay::uplink
