// What: evidence that another server speaks for this store: a session that this server never had,
//   heard after the broker had acknowledged a status of ours.
// Promise: pure. How often a broker closes connections says nothing here; nor does the first will
// of a
//   session, which may come late from a server that is gone, or an old retained message that names
//   one of our former sessions. A second will of the same session, on a later connection and behind
//   a status of ours, is one of a server that has connected again meanwhile.
// Thread: uplink.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/wire/control.h"

namespace tillrelay::uplink {

class TwinWatch {
 public:
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

  // A status on our own topic. What comes back is who else speaks, or "".
  std::string OnStatus(const wire::StoreStatus& status, bool retained) {
    const bool will = status.state == "offline" && status.streams.empty();
    if (status.session.empty()) return "";
    if (will)
      return Ours(status.session) || !IsSecond(status.session) ? "" : Name(status.session, "");
    if (status.session == own_) sees_ = true;
    // A retained message of this connection may be older than our status of this connection.
    const bool after_ours = acked_before_ || (acked_here_ && !retained);
    if (!after_ours || Ours(status.session)) return "";
    return Name(status.session, status.host);
  }

  // The sessions that the centre has heard of, the newest first.
  std::string OnHeard(const std::vector<wire::HeardSession>& sessions) {
    if (sessions.empty()) return "";
    sees_ = true;
    const wire::HeardSession& newest = sessions.front();
    if (newest.session == own_) named_ = true;
    // Before the centre has heard us, what it heard may be long ago.
    if (!named_ || Ours(newest.session)) return "";
    return Name(newest.session, newest.host);
  }

  // Whether another server would be noticed on this connection at all.
  bool sees() const { return sees_; }

 private:
  static constexpr size_t kMaxWills = 16;  // of which sessions are remembered
  struct Will {
    std::string session;
    uint64_t replaced_on = 0;  // the connection on which a status of ours has; 0: none has
  };
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
  static std::string Name(const std::string& session, const std::string& host) {
    return (host.empty() ? "an unnamed host" : "host " + host) + " (session " + session + ")";
  }

  const std::string own_;
  const std::vector<std::string> former_;
  std::vector<Will> wills_;
  uint64_t connection_ = 0;
  bool acked_here_ = false, acked_before_ = false, named_ = false, sees_ = false;
};

}  // namespace tillrelay::uplink
