#include "agent/capture/drop_watch.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace tillrelay::capture {
namespace {
constexpr int kBeatMs = 5000;  // the thread shows that it moves
// A burst of notifications is answered by one pass, not by one each; where many files stay (they
// settle, or cannot be taken) a pass costs more, and the next one waits longer.
constexpr int kBurstMs = 20;
constexpr int kMaxBurstMs = 1000;
constexpr size_t kFilesPerBurstMs = 100;
constexpr int kNice = 10;
constexpr int kMinSettleMs = 100;  // between two looks at a file that may still grow
constexpr uint32_t kEvents =
    IN_MOVED_TO | IN_CLOSE_WRITE | IN_CREATE | IN_ONLYDIR | IN_MOVE_SELF | IN_DELETE_SELF;
}  // namespace

DropWatch::DropWatch(std::unique_ptr<DropFolder> folder, std::chrono::seconds rescan,
                     std::chrono::seconds settle, std::function<void()> beat)
    : folder_(std::move(folder)), rescan_(rescan), settle_(settle), beat_(std::move(beat)) {}

Status DropWatch::Start() {
  stop_ = Fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop_.valid()) return Unavailable("eventfd: " + ErrnoText(errno));
  Watch();
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "capture");
    // On Linux the number is the thread's own. Files can wait, a register cannot; if it fails,
    // only their share of the processor is larger.
    setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
    Run();
  });
  return Status::Ok();
}

void DropWatch::Watch() {
  watched_ = folder_->openings();
  if (watched_ == 0) return;  // there is nothing to watch yet
  inotify_ = Fd(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (inotify_.valid() &&
      inotify_add_watch(inotify_.get(), folder_->incoming_path().c_str(), kEvents) >= 0) {
    return;
  }
  log::Warning("capture", "inotify: {}; files are found by the rescan alone", ErrnoText(errno));
  inotify_.Reset();
}

void DropWatch::Stop() {
  if (!thread_.joinable()) return;
  const uint64_t one = 1;
  while (write(stop_.get(), &one, sizeof one) < 0 && errno == EINTR) {
  }
  thread_.join();
}

void DropWatch::Run() {
  const int rescan_ms = static_cast<int>(std::chrono::milliseconds(rescan_).count());
  const int settle_ms =
      std::max(kMinSettleMs, static_cast<int>(std::chrono::milliseconds(settle_).count()));
  for (;;) {
    woken_ = false;  // what was told so far, this pass will find
    DropFolder::Next next = DropFolder::Next::kMore;
    while (next == DropFolder::Next::kMore) {
      next = folder_->Scan();
      if (folder_->openings() != watched_) {
        Watch();
        next = DropFolder::Next::kMore;  // what came before the watch
      }
      if (beat_) beat_();
      if (!Wait(0)) return;
    }
    if (!Pause() || !Wait(0)) return;
    int wait_ms = next == DropFolder::Next::kSettling ? settle_ms : rescan_ms;
    while (wait_ms > 0 && !woken_) {
      const int waited_ms = std::min(wait_ms, kBeatMs);
      if (!Wait(waited_ms)) return;
      if (beat_) beat_();
      wait_ms -= waited_ms;
    }
  }
}

bool DropWatch::Pause() {
  const int more = static_cast<int>(
      std::min<size_t>(folder_->left() / kFilesPerBurstMs, kMaxBurstMs - kBurstMs));
  pollfd stop{stop_.get(), POLLIN, 0};
  return poll(&stop, 1, kBurstMs + more) <= 0;
}

bool DropWatch::Wait(int timeout_ms) {
  pollfd fds[2] = {{stop_.get(), POLLIN, 0}, {inotify_.get(), POLLIN, 0}};
  const int ready = poll(fds, 2, timeout_ms);
  if (ready > 0 && (fds[0].revents & POLLIN) != 0) return false;
  if (ready > 0 && (fds[1].revents & POLLIN) != 0) {
    ReadNotifications();
    woken_ = true;
  }
  return true;
}

void DropWatch::ReadNotifications() {
  alignas(inotify_event) char buffer[64 * 1024];
  for (;;) {
    const ssize_t got = read(inotify_.get(), buffer, sizeof buffer);
    if (got <= 0) return;
    for (ssize_t at = 0; at < got;) {
      inotify_event event;
      std::memcpy(&event, buffer + at, sizeof event);
      const char* name = event.len > 0 ? buffer + at + sizeof event : "";
      if ((event.mask & IN_Q_OVERFLOW) != 0) folder_->NotificationsLost();
      if ((event.mask & IN_MOVED_TO) != 0) folder_->Arrived(name);
      if ((event.mask & IN_CREATE) != 0) folder_->Created(name);
      at += static_cast<ssize_t>(sizeof event + event.len);
    }
  }
}

}  // namespace tillrelay::capture
