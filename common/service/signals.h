// What: SIGTERM, SIGINT and SIGHUP as values that the main thread waits for.
// Promise: no handler runs anywhere; a signal that comes early is not lost. SIGPIPE is ignored.
// Thread: constructed on main before any other thread starts (they inherit the blocked mask);
//   Wait on main; Wake from any.
#pragma once

#include <chrono>

#include "common/base/files.h"
#include "common/base/status.h"

namespace tillrelay::service {

enum class Signal {
  kNone,    // the time ran out
  kWoken,   // Wake was called
  kStop,    // SIGTERM or SIGINT
  kReload,  // SIGHUP
};

class Signals {
 public:
  // Unavailable if the kernel has no descriptor left.
  static Result<Signals> Block();
  Signals(Signals&&) = default;

  Signal Wait(std::chrono::milliseconds timeout);
  void Wake();

 private:
  Signals(Fd signals, Fd wake) : signals_(std::move(signals)), wake_(std::move(wake)) {}
  Fd signals_;
  Fd wake_;
};

}  // namespace tillrelay::service
