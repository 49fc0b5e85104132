// What: evidence that another server speaks for this store: a session that this server never had,
//   heard after the broker had acknowledged a status of ours.
// Promise: pure. How often a broker closes connections says nothing here; nor does the first will
//   of a session, which may come late from a server that is gone, or an old retained message that
//   names one of our former sessions. A second will of the same session, on a later connection and
//   behind a status of ours, is one of a server that has connected again meanwhile.
// Thread: uplink.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/wire/control.h"

namespace tillrelay::uplink {

class TwinWatch {
 public:
  using Twin = std::optional<wire::HeardSession>;  // who else speaks, or nobody

  // `own`: the session of this run; `former`: those of earlier runs on this disk.
  TwinWatch(std::string own, std::vector<std::string> former)
      : own_(std::move(own)), former_(std::move(former)) {}

  void Connected() {
    acked_before_ = acked_before_ || acked_here_;
    acked_here_ = false;
    ++connection_;
  }
  void StatusAcked() {
    acked_here_ = true;
    for (Will& will : wills_) {
      if (will.replaced_on == 0) will.replaced_on = connection_;
    }
  }

  // A status on our own topic.
  Twin OnStatus(const wire::StoreStatus& status, bool retained) {
    const bool will = status.state == "offline" && status.streams.empty();
    const wire::HeardSession who{status.session, status.host};
    if (who.session.empty()) return std::nullopt;
    Note(who);
    if (will) {
      const bool proves = !Ours(who.session) && IsSecond(who.session);
      return proves ? Twin(who) : std::nullopt;
    }
    if (who.session == own_) sees_ = true;
    // A retained message of this connection may be older than our status of this connection.
    const bool after_ours = acked_before_ || (acked_here_ && !retained);
    return after_ours && !Ours(who.session) ? Twin(who) : std::nullopt;
  }

  // The sessions that the centre has heard of, the newest first.
  Twin OnHeard(const std::vector<wire::HeardSession>& sessions) {
    if (sessions.empty()) return std::nullopt;
    sees_ = true;
    for (const wire::HeardSession& session : sessions) Note(session);
    const wire::HeardSession& newest = sessions.front();
    if (newest.session == own_) named_ = true;
    // Before the centre has heard us, what it heard may be long ago.
    return named_ && !Ours(newest.session) ? Twin(newest) : std::nullopt;
  }

  // Whether another server would be noticed on this connection at all.
  bool sees() const { return sees_; }
  // This connection has lasted long enough to read who else there is, and none ever named anybody.
  bool knows_nobody() const { return acked_here_ && !read_others_; }

 private:
  static constexpr size_t kMaxWills = 16;  // of which sessions are remembered
  struct Will {
    std::string session;
    uint64_t replaced_on = 0;  // the connection on which a status of ours has; 0: none has
  };
  void Note(const wire::HeardSession& session) {
    read_others_ = read_others_ || session.session != own_;
  }
  bool IsSecond(const std::string& session) {
    for (const Will& will : wills_) {
      if (will.session == session) return will.replaced_on > 0 && connection_ > will.replaced_on;
    }
    if (wills_.size() == kMaxWills) wills_.erase(wills_.begin());
    wills_.push_back({session, 0});
    return false;
  }
  bool Ours(const std::string& session) const {
    return session == own_ || std::find(former_.begin(), former_.end(), session) != former_.end();
  }

  const std::string own_;
  const std::vector<std::string> former_;
  std::vector<Will> wills_;
  uint64_t connection_ = 0;
  bool acked_here_ = false, acked_before_ = false, named_ = false, sees_ = false;
  bool read_others_ = false;  // any session but our own, whoever's
};

}  // namespace tillrelay::uplink
