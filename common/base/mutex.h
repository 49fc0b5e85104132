// What: a mutex and a condition that clang's thread-safety analysis understands.
// Promise: no two locks of the product are ever held together (docs/architecture.md).
// Thread: any.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define TILLRELAY_TS(x) __attribute__((x))
#else
#define TILLRELAY_TS(x)
#endif
#define GUARDED_BY(m) TILLRELAY_TS(guarded_by(m))
#define REQUIRES(m) TILLRELAY_TS(requires_capability(m))

namespace tillrelay {

class TILLRELAY_TS(capability("mutex")) Mutex {
 public:
  void Lock() TILLRELAY_TS(acquire_capability()) { mutex_.lock(); }
  void Unlock() TILLRELAY_TS(release_capability()) { mutex_.unlock(); }
  std::mutex& native() { return mutex_; }

 private:
  std::mutex mutex_;
};

class TILLRELAY_TS(scoped_lockable) Lock {
 public:
  explicit Lock(Mutex& mutex) TILLRELAY_TS(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.Lock();
  }
  ~Lock() TILLRELAY_TS(release_capability()) { mutex_.Unlock(); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  Mutex& mutex_;
};

class Condition {
 public:
  // The caller holds `mutex`; it is released while waiting and held again on return.
  void Wait(Mutex& mutex) REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.native(), std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  // False when the time ran out.
  bool WaitFor(Mutex& mutex, std::chrono::nanoseconds timeout) REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.native(), std::adopt_lock);
    const bool woken = condition_.wait_for(lock, timeout) == std::cv_status::no_timeout;
    lock.release();
    return woken;
  }
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace tillrelay
