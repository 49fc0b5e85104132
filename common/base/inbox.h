// What: a bounded queue into one thread. It counts entries and the bytes that the caller says.
// Promise: what was pushed is popped once, in order; a full or closed inbox refuses, never waits.
// Thread: Push from any; Pop only from the owner.
// Limits: entries and bytes, given at construction.
#pragma once

#include <chrono>
#include <cstddef>
#include <utility>
#include <vector>

#include "common/base/mutex.h"

namespace tillrelay {

template <typename T>
class Inbox {
 public:
  Inbox(size_t max_entries, size_t max_bytes) : max_entries_(max_entries), max_bytes_(max_bytes) {}

  // False when full or closed: `value` is then untouched. A single entry larger than the byte
  // bound is taken when the inbox is empty, so that it cannot be refused for ever.
  bool Push(T&& value, size_t bytes = 0) {
    {
      Lock lock(mutex_);
      if (closed_ || entries_.size() >= max_entries_) return false;
      if (!entries_.empty() && bytes_ + bytes > max_bytes_) return false;
      entries_.push_back(std::move(value));
      bytes_ += bytes;
    }
    condition_.NotifyOne();
    return true;
  }

  // Everything that is there, waiting at most `timeout` for the first entry or for Wake or Close.
  std::vector<T> PopAll(std::chrono::nanoseconds timeout) {
    Lock lock(mutex_);
    if (entries_.empty() && !closed_ && !woken_ && timeout.count() > 0) {
      condition_.WaitFor(mutex_, timeout);
    }
    woken_ = false;
    bytes_ = 0;
    return std::exchange(entries_, {});
  }

  void Wake() {
    {
      Lock lock(mutex_);
      woken_ = true;
    }
    condition_.NotifyOne();
  }
  void Close() {
    {
      Lock lock(mutex_);
      closed_ = true;
    }
    condition_.NotifyAll();
  }
  bool closed() {
    Lock lock(mutex_);
    return closed_;
  }
  size_t size() {
    Lock lock(mutex_);
    return entries_.size();
  }

 private:
  const size_t max_entries_;
  const size_t max_bytes_;

  Mutex mutex_;
  Condition condition_;
  // Guarded by mutex_:
  std::vector<T> entries_ GUARDED_BY(mutex_);
  size_t bytes_ GUARDED_BY(mutex_) = 0;
  bool woken_ GUARDED_BY(mutex_) = false;
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace tillrelay
