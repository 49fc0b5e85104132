// What: the service manager's notification protocol, sd_notify(3), and its inherited sockets,
//   sd_listen_fds(3); spoken by hand over a datagram socket.
// Promise: without a manager (no NOTIFY_SOCKET) every call does nothing and succeeds. A message is
//   sent whole or not at all and never blocks the caller.
// Thread: any (immutable after construction).
// Errors: unavailable, with the system's words; a caller may log it, nothing depends on it.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/files.h"
#include "common/base/status.h"

namespace tillrelay::service {

// getenv(3), or a test's own.
using Environment = std::function<const char*(const char*)>;

class Notifier {
 public:
  // `socket` is the value of NOTIFY_SOCKET: a path, "@name" for an abstract one, "" for none.
  explicit Notifier(std::string socket);
  static Notifier FromEnvironment(const Environment& environment);

  bool active() const { return !socket_.empty(); }
  Status Ready(std::string_view status_sentence = "") const;
  Status StatusText(std::string_view sentence) const;  // line ends become blanks
  // Ready() ends it.
  Status Reloading(Instant now) const;
  Status Stopping() const;
  Status Watchdog() const;
  // The manager keeps a copy of the socket over a restart (FileDescriptorStoreMax=) and hands it to
  // the next process under this name: who connects meanwhile waits instead of being refused.
  Status KeepSocket(int fd, std::string_view name) const;
  Status ForgetSocket(std::string_view name) const;
  // Start or stop takes longer: the manager waits this much more from now on.
  Status ExtendTimeout(std::chrono::microseconds more) const;

 private:
  Status Send(std::string_view message, int fd = -1) const;  // with a copy of `fd`, if there is one
  std::string socket_;
  Fd fd_;
};

// Asks the manager for more time while a start, which it would otherwise end, still moves.
// Thread: any.
class LongStart {
 public:
  static constexpr std::chrono::seconds kAskFor{60}, kAskEvery{10};

  explicit LongStart(const Notifier* notifier) : notifier_(*notifier) {}
  // A step moved: the next one has kAskFor.
  void Moved(Instant now);
  // One step that cannot tell that it moves begins, and may take so long.
  void Expect(Instant now, std::chrono::seconds most);
  // The service is ready.
  void End() { over_ = true; }

 private:
  const Notifier& notifier_;
  std::atomic<bool> over_{false};
  std::atomic<Duration::rep> next_ask_{0};
};

// How often the manager wants to hear from the watchdog: WATCHDOG_USEC, if WATCHDOG_PID is absent
// or `pid`. Nothing if it does not watch.
std::optional<std::chrono::microseconds> WatchdogInterval(const Environment& environment, int pid);

struct InheritedSocket {
  int fd = -1;
  std::string name;  // "unknown" where the manager gave none
};
// The sockets that the manager opened for `pid`, made close-on-exec; none if they are for another.
std::vector<InheritedSocket> InheritedSockets(const Environment& environment, int pid,
                                              int first_fd = 3);
// Takes the manager's variables out of this process's environment, so that no child believes that
// the sockets are its own. Before other threads start.
void ForgetInheritedSockets();

}  // namespace tillrelay::service
