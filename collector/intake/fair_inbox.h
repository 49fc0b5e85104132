// What: the queue between the link's threads and the collector's loop, with a share for each store.
// Promise: every bound holds per store and in all. What a store sends beyond its share is dropped
//   unconfirmed, by its topic and before it is unpacked, and the others do not notice: slices are
//   filled store by store in turn. Of statuses only the latest of a store waits. What the
//   connection itself has to say is never dropped; it is little, bounded by the window.
// Thread: Deliver from any; Pop from the owner.
// Limits: kMaxMessages, kMaxBytes and kMaxUnpacked in all, a half, a half and a quarter of them a
//   store; a slice kSliceMessages and kSliceUnpacked, of which a store has kStoreUnpacked while
//   others wait, and one that sent more than its share kGreedyMessages until its queue is empty:
//   whoever comes next waits for no more than these.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "common/mqtt/link.h"

namespace tillrelay::collector {

class FairInbox {
 public:
  static constexpr size_t kMaxMessages = 4096;
  static constexpr size_t kMaxBytes = 64 * 1024 * 1024;
  static constexpr size_t kMaxUnpacked = 256 * 1024 * 1024;
  static constexpr size_t kSliceMessages = 1024;
  static constexpr size_t kGreedyMessages = 64;
  static constexpr size_t kSliceUnpacked = 32 * 1024 * 1024;
  static constexpr size_t kStoreUnpacked = 8 * 1024 * 1024;
  static constexpr size_t kSliceStatuses = 500;
  static constexpr size_t kMaxStatusBytes = 64 * 1024 * 1024;

  explicit FairInbox(std::string prefix) : prefix_(std::move(prefix)) {}

  void Deliver(mqtt::LinkEvent&& event);
  // The next slice, waiting at most `timeout` for the first entry, for Wake or for Close.
  std::vector<mqtt::LinkEvent> Pop(Duration timeout);
  // The owner has something else to do.
  void Wake();

  void Close();
  bool closed();
  struct Dropped {
    uint64_t messages = 0;
    std::string store;  // of the last one
  };
  Dropped dropped();

 private:
  struct Waiting {
    mqtt::LinkEvent event;
    size_t unpacked = 0;
  };
  struct Share {
    size_t messages = 0, bytes = 0, unpacked = 0;
    void Add(const Waiting& message, bool taken);
    bool Above(size_t most_messages, size_t most_bytes, size_t most_unpacked) const;
  };
  struct Queue {
    std::deque<Waiting> waiting;
    Share share;
    bool greedy = false;  // a message was dropped because its share was used up
  };

  bool TakeStatus(const std::string& store, mqtt::LinkEvent* event) REQUIRES(mutex_);
  bool TakeMessage(const std::string& store, mqtt::LinkEvent* event) REQUIRES(mutex_);
  void FillSlice(std::vector<mqtt::LinkEvent>* slice) REQUIRES(mutex_);
  bool Empty() const REQUIRES(mutex_);

  const std::string prefix_;
  Mutex mutex_;
  Condition condition_;
  std::vector<mqtt::LinkEvent> own_ GUARDED_BY(mutex_);                 // the connection's
  std::map<std::string, mqtt::LinkEvent> statuses_ GUARDED_BY(mutex_);  // by topic
  size_t status_bytes_ GUARDED_BY(mutex_) = 0;
  std::map<std::string, Queue> queues_ GUARDED_BY(mutex_);  // by store
  std::string turn_ GUARDED_BY(mutex_);                     // the store that was served last
  Share all_ GUARDED_BY(mutex_);
  Dropped dropped_ GUARDED_BY(mutex_);
  bool closed_ GUARDED_BY(mutex_) = false;
  bool woken_ GUARDED_BY(mutex_) = false;
};

}  // namespace tillrelay::collector
