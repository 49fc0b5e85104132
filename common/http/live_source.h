// What: what an answer goes on with after its body, until one side ends it (server-sent events);
// and
//   one such stream for many readers, rendered once a tick and shared by all.
// Promise: without a reader nothing is rendered and no timer runs. A reader that has missed a tick
//   is given the whole again, never a difference to something it has not seen; so nothing queues
//   up.
// Thread: http, except that `wake` may be called from any.
// Limits: `max_readers`; the caller refuses one more. A reader owes each text within the write
//   deadline of its listener and is dropped behind it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/base/clock.h"

namespace tillrelay::http {

class LiveStream {
 public:
  using Text = std::shared_ptr<const std::string>;

  virtual ~LiveStream() = default;
  // A session's own: between Enter and Leave it asks at least once a second, when the text before
  // was written, and soon after `wake`.
  virtual void Enter(std::function<void()> wake) = 0;
  virtual void Leave() = 0;
  // What a reader is sent that has seen everything up to `*seen` (0: nothing); null: nothing now.
  virtual Text Since(uint64_t* seen, Instant now) = 0;
  // Nothing follows: the session closes the connection, and the reader comes again.
  virtual bool ended() const { return false; }
};

class LiveSource final : public LiveStream {
 public:
  struct Options {
    std::chrono::milliseconds interval{1000};
    size_t max_readers = 64;
    std::function<std::string()> whole;       // for one who has seen nothing
    std::function<std::string()> difference;  // since the last tick; empty: nothing to say
  };
  explicit LiveSource(Options options) : options_(std::move(options)) {}

  bool full() const { return readers_ >= options_.max_readers; }
  size_t readers() const { return readers_; }

  void Enter(std::function<void()> /*wake*/) override { ++readers_; }
  void Leave() override { --readers_; }
  Text Since(uint64_t* seen, Instant now) override;

 private:
  void Advance(Instant now);

  const Options options_;
  size_t readers_ = 0;
  uint64_t tick_ = 0;
  Instant ticked_at_{};
  Text difference_, whole_;  // of this tick; null: not rendered, or nothing to say
};

}  // namespace tillrelay::http
