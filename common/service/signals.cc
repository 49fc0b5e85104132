#include "common/service/signals.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

namespace tillrelay::service {

Result<Signals> Signals::Block() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  if (const int error = pthread_sigmask(SIG_BLOCK, &set, nullptr); error != 0) {
    return Unavailable("block signals: " + ErrnoText(error));
  }
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, nullptr);
  sigaction(SIGXFSZ, &ignore, nullptr);  // a limit of file sizes is an error of the write (EFBIG)
  Fd signals(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  Fd wake(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!signals.valid() || !wake.valid()) {
    return Unavailable("watch signals: " + ErrnoText(errno));
  }
  return Signals(std::move(signals), std::move(wake));
}

Signal Signals::Wait(std::chrono::milliseconds timeout) {
  pollfd fds[] = {{signals_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
  // An interrupted wait is one that ended early: the caller waits in a loop anyway.
  if (poll(fds, 2, static_cast<int>(timeout.count())) <= 0) return Signal::kNone;
  signalfd_siginfo info{};
  if (read(signals_.get(), &info, sizeof info) == sizeof info) {
    return info.ssi_signo == static_cast<uint32_t>(SIGHUP) ? Signal::kReload : Signal::kStop;
  }
  uint64_t count = 0;
  return read(wake_.get(), &count, sizeof count) == sizeof count ? Signal::kWoken : Signal::kNone;
}

void Signals::Wake() {
  const uint64_t one = 1;
  // Full means that a wake-up is already waiting.
  [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof one);
}

}  // namespace tillrelay::service
