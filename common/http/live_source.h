// What: one stream of text for many readers (server-sent events): rendered once a tick, shared by
// all. Promise: without a reader nothing is rendered and no timer runs. A reader that has missed a
// tick is
//   given the whole again, never a difference to something it has not seen; so nothing queues up.
// Thread: http.
// Limits: `max_readers`; the caller refuses one more. A reader owes the write deadline of its
//   listener and is dropped behind it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/base/clock.h"

namespace tillrelay::http {

class LiveSource {
 public:
  using Text = std::shared_ptr<const std::string>;
  struct Options {
    std::chrono::milliseconds interval{1000};
    size_t max_readers = 64;
    std::function<std::string()> whole;       // for one who has seen nothing
    std::function<std::string()> difference;  // since the last tick; empty: nothing to say
  };
  explicit LiveSource(Options options) : options_(std::move(options)) {}

  bool full() const { return readers_ >= options_.max_readers; }
  size_t readers() const { return readers_; }

  // A session's own: between Enter and Leave it asks at least once a second.
  void Enter() { ++readers_; }
  void Leave() { --readers_; }
  // What a reader is sent that has seen everything up to `*seen` (0: nothing); null: nothing now.
  Text Since(uint64_t* seen, Instant now);

 private:
  void Advance(Instant now);

  const Options options_;
  size_t readers_ = 0;
  uint64_t tick_ = 0;
  Instant ticked_at_{};
  Text difference_, whole_;  // of this tick; null: not rendered, or nothing to say
};

}  // namespace tillrelay::http
