// What: several brokers as one link: the first that can be reached carries it.
// Promise: they are tried in their order. A connection that failed, or did not last kStable, leads
//   to the next one, the others to the first again. While another than the first carries the link,
//   the first is looked at, kFirstLook after the change and at growing distance; when it is well
//   the link is given up (kLost) and begins there.
// Thread: orders from the owner only. What the brokers' links tell comes on their threads, what is
//   told of the return on one of our own; `well` runs there and may block.
// Errors: Connect: that of the last broker, where none of them could even be ordered.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/base/clock.h"
#include "common/mqtt/link.h"

namespace tillrelay::mqtt {

class FailoverLink final : public Link {
 public:
  static constexpr std::chrono::seconds kStable{60};
  static constexpr std::chrono::seconds kFirstLook{30};
  static constexpr std::chrono::minutes kLastLook{15};

  struct Broker {
    std::string url;  // for people
    std::function<Result<std::unique_ptr<Link>>(Deliver)> make;
  };
  struct Options {
    std::vector<Broker> brokers;  // two at least
    std::function<bool()> well;   // the first broker answers
    const Clock* clock = nullptr;
    Duration first_look = kFirstLook;
  };
  static Result<std::unique_ptr<Link>> Make(Options options, Deliver deliver);
  ~FailoverLink() override;

  Status Connect() override;
  void SetKeepAlive(int seconds) override;
  Status Subscribe(const std::vector<std::string>& topics) override;
  Status Publish(const PublishOrder& order) override;
  void Disconnect(int timeout_ms) override;

 private:
  FailoverLink(Options options, Deliver deliver);
  void OnEvent(size_t broker, LinkEvent&& event);
  // Which one the next attempt takes.
  size_t Choose();
  void LookAtFirst();

  const Options options_;
  const Deliver deliver_;
  std::vector<std::unique_ptr<Link>> links_;

  std::mutex mutex_;  // with a condition, so not the annotated one
  std::condition_variable changed_;
  // Guarded by mutex_:
  size_t current_ = 0;  // changed by the owner alone, who reads it without the lock
  size_t failed_ = 0;   // attempts in a row
  bool begun_ = false, connected_ = false, stopping_ = false;
  bool given_up_ = false;  // for the first broker, which is well again
  Instant connected_at_{};
  int returns_ = 0;  // since the first broker was last well for kStable
  std::thread watcher_;
};

}  // namespace tillrelay::mqtt
