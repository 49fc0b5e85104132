// What: one thread that does what may block, one piece of work after another.
// Promise: work is done once, in order; Stop finishes what was taken.
// Thread: Post from any; the work runs on the worker's own thread; Start and Stop by the owner.
// Limits: so many pieces wait; one more is refused.
#pragma once

#include <pthread.h>

#include <functional>
#include <string>
#include <thread>

#include "common/base/inbox.h"

namespace tillrelay {

class Worker {
 public:
  using Work = std::function<void()>;

  // `beat` is called at least every kBeat; it may be empty. `name` has at most 15 letters.
  Worker(const char* name, size_t most, Work beat)
      : inbox_(most, 0), beat_(std::move(beat)), thread_([this, name] {
          pthread_setname_np(pthread_self(), name);
          Run();
        }) {}
  ~Worker() { Stop(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // False when full or stopped.
  bool Post(Work work) { return inbox_.Push(std::move(work)); }
  void Stop() {
    inbox_.Close();
    if (thread_.joinable()) thread_.join();
  }

 private:
  static constexpr std::chrono::seconds kBeat{5};

  void Run() {
    for (bool closed = false; !closed;) {
      closed = inbox_.closed();  // asked before the last look, so that nothing is left behind
      for (Work& work : inbox_.PopAll(kBeat)) work();
      if (beat_) beat_();
    }
  }

  Inbox<Work> inbox_;
  const Work beat_;
  std::thread thread_;
};

}  // namespace tillrelay
