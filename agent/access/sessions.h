// What: who is signed in: sessions by the SHA-256 of their cookie, and one-time links.
// Promise: no id can be read back from memory. A session ends kIdle after its last use, kLongest
//   after its login, and for good; a link is good for one login within kLinkLife.
// Thread: any.
// Limits: kMaxSessions (a further one pushes out the one idle longest), kMaxLinks (the oldest
// goes).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/access/principal.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/mutex.h"
#include "common/base/random.h"

namespace tillrelay::access {

struct Session {
  std::string who;   // "anna", "link:uid:0"
  std::string user;  // whose password opened it; empty for a link
  Role role = Role::kView;
  std::string csrf;
};

class Sessions {
 public:
  static constexpr size_t kMaxSessions = 256;
  static constexpr size_t kMaxLinks = 16;
  static constexpr std::chrono::minutes kIdle{30};
  static constexpr std::chrono::hours kLongest{12};
  static constexpr std::chrono::minutes kLinkLife{5};

  Sessions(const Clock* clock, Random* random) : clock_(*clock), random_(*random) {}

  // The cookie's value; `session.csrf` is filled here.
  std::string Open(Session session);
  // Counts as a use.
  std::optional<Session> Find(std::string_view cookie);
  // What it was; nothing if it is not there.
  std::optional<Session> Close(std::string_view cookie);
  void CloseOf(std::string_view user);

  // The link's token. `maker` is who asked for it: "uid:0".
  std::string OpenLink(std::string maker);
  // Its maker, once.
  std::optional<std::string> TakeLink(std::string_view token);
  // Whether TakeLink would succeed; burns nothing.
  bool HasLink(std::string_view token);

 private:
  struct StoredSession {
    Session session;
    Instant opened{}, used{};
  };
  struct Link {
    Sha256Digest digest{};
    std::string maker;
    Instant opened{};
  };
  bool Alive(const StoredSession& kept, Instant now) const;
  // Index into links_; its size if there is no such link, or it is too old.
  size_t FindLink(std::string_view token) REQUIRES(mutex_);

  const Clock& clock_;
  Random& random_;
  Mutex mutex_;
  // Guarded by mutex_:
  std::map<Sha256Digest, StoredSession> sessions_ GUARDED_BY(mutex_);
  std::vector<Link> links_ GUARDED_BY(mutex_);  // the oldest first
};

}  // namespace tillrelay::access
