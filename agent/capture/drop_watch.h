// What: the thread `capture`: wakes the drop folder when inotify speaks, and by the clock anyway.
// Promise: inotify is only a hint (it is silent on network shares and may overflow); the rescan
//   finds everything. Where notifications were lost, files settle as if nothing had been told.
// Thread: Start and Stop by the owner.
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "agent/capture/drop_folder.h"

namespace tillrelay::capture {

class DropWatch {
 public:
  DropWatch(std::unique_ptr<DropFolder> folder, std::chrono::seconds rescan,
            std::chrono::seconds settle, std::function<void()> beat);
  ~DropWatch() { Stop(); }
  Status Start();
  void Stop();

 private:
  void Run();
  // Hears of the folder that is opened now, and of it alone.
  void Watch();
  // Lets a burst of notifications gather; false on stop.
  bool Pause();
  // Waits for inotify, a stop or the timeout; false on stop.
  bool Wait(int timeout_ms);
  void ReadNotifications();

  std::unique_ptr<DropFolder> folder_;
  const std::chrono::seconds rescan_, settle_;
  const std::function<void()> beat_;
  Fd inotify_, stop_;
  bool woken_ = false;
  uint32_t watched_ = 0;  // the opening that inotify speaks of
  std::thread thread_;
};

}  // namespace tillrelay::capture
