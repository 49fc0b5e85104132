// What: which stores need a confirmation now, and the message itself.
// Promise: a store is due after each commit of its events (at most every 20 ms), every 60 s while
// it
//   is online, when the connection is new, and when its status shows another number than ours. The
//   message says what the rows say as committed.
// Thread: the collector's.
// Limits: 16 streams a message, the newest.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "collector/store.h"
#include "common/base/clock.h"

namespace tillrelay::collector {

inline constexpr std::chrono::milliseconds kConfirmSpacing{20};  // between two for one store
inline constexpr std::chrono::seconds kConfirmHeartbeat{60};
inline constexpr int kConfirmStreams = 16;

class Confirmer {
 public:
  void Want(const std::string& store) { stores_[store].wanted = true; }
  void Online(const std::string& store, bool online) { stores_[store].online = online; }

  std::vector<std::string> Due(Instant now) const;
  void Sent(const std::string& store, Instant now);
  std::optional<Instant> NextDeadline() const;

 private:
  struct Peer {
    bool wanted = false, online = false;
    std::optional<Instant> sent_at;
    std::optional<Instant> due() const;
  };
  std::map<std::string, Peer> stores_;
};

Result<std::string> ConfirmText(Store* store, const std::string& store_id, const std::string& at);

}  // namespace tillrelay::collector
