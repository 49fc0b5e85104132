// What: which stores need a confirmation now, and the message itself.
// Promise: a store is due after each commit of its events (at most every 20 ms), every 60 s while
// it
//   is online, when the connection is new, and when its status shows another number than ours. The
//   message says what the rows say as committed. Where collectors share a database, each looks
//   again 1 s after it spoke: if the rows have moved on it speaks again, so that the last word,
//   which the broker keeps, is never less than the table holds.
// Thread: the collector's.
// Limits: 16 streams a message: the newest eight, and of the others eight more in each minute.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "collector/db/rows.h"
#include "common/base/clock.h"
#include "common/wire/signature.h"

namespace tillrelay::collector {

inline constexpr std::chrono::milliseconds kConfirmSpacing{20};  // between two for one store
inline constexpr std::chrono::seconds kConfirmAgain{1};
inline constexpr std::chrono::seconds kConfirmHeartbeat{60};

class Confirmer {
 public:
  explicit Confirmer(bool shared) : shared_(shared) {}

  void Request(const std::string& store);
  void Online(const std::string& store, bool online);

  // At most `most` of them, those first that have waited longest.
  std::vector<std::string> Due(Instant now, size_t most = 200) const;
  // False: the store was only looked at again, and has been told this already.
  bool HasActivity(const std::string& store, const std::string& streams) const;
  // `sent`: the message went out; else there was no news.
  void Done(const std::string& store, const std::string& streams, bool sent, Instant now);
  std::optional<Instant> NextDeadline() const;

 private:
  struct Peer {
    bool wanted = false, online = false, look_again = false;
    std::optional<Instant> sent_at;
    std::string reported;
    std::optional<Instant> due() const;
    std::optional<Instant> listed;  // as it stands in due_
  };
  void List(const std::string& store, Peer* peer);

  const bool shared_;
  std::map<std::string, Peer> stores_;
  std::set<std::pair<Instant, std::string>> due_;  // so that nobody walks over all stores
};

// `most_bytes`: what the broker takes, 0 for no bound. Its lists of numbers are shortened until it
// fits: the last range then takes in what lies between further ones.
std::string ConfirmText(const std::string& store, const std::string& at,
                        const std::vector<wire::StreamConfirm>& streams,
                        const std::vector<wire::HeardSession>& sessions = {},
                        const wire::SigningKey* key = nullptr, size_t most_bytes = 0);

}  // namespace tillrelay::collector
