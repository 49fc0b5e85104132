// What: keeps one connection to the broker: connect, subscribe, publish inside a window, and try
//   again after a loss.
// Promise: nothing is queued: a message that does not fit the window is refused and comes again.
//   Back-off with full jitter from 1 s to 30 s, reset after a minute of good connection. A broker
//   that acknowledges nothing for 10 s is left.
// Thread: the collector's.
// Errors: Publish: unavailable (not connected), full (window).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/random.h"
#include "common/mqtt/link.h"

namespace tillrelay::collector {

class Connection {
 public:
  Connection(mqtt::Link* link, Random* random, std::vector<std::string> topics)
      : link_(*link), random_(*random), topics_(std::move(topics)) {}

  // True when the connection has just become usable: subscribed to everything.
  bool Handle(const mqtt::LinkEvent& event, Instant now);
  void Tick(Instant now);
  Status Publish(const mqtt::PublishOrder& order, Instant now);
  bool up() const { return state_ == State::kUp; }
  bool has_room() const { return up() && in_flight_ < window_; }
  // How large a payload on that topic may be; 0: the broker told no limit.
  size_t RoomFor(std::string_view topic) const;
  std::optional<Instant> NextDeadline() const;
  void Close();

 private:
  enum class State { kIdle, kConnecting, kSubscribing, kUp };
  static constexpr std::chrono::seconds kLeastPause{1}, kMostPause{30}, kStable{60};
  static constexpr std::chrono::seconds kAckPatience{10};      // with messages in flight
  static constexpr std::chrono::seconds kConnectPatience{30};  // until subscribed
  static constexpr uint32_t kMostInFlight = 100;

  void Connected(const mqtt::LinkEvent& event, Instant now);
  bool Subscribed(const mqtt::LinkEvent& event, Instant now);
  void Published(const mqtt::LinkEvent& event, Instant now);
  void Lose(std::string_view why, Instant now);

  mqtt::Link& link_;
  Random& random_;
  const std::vector<std::string> topics_;
  State state_ = State::kIdle;
  Instant since_{};     // of the state
  Instant retry_at_{};  // kIdle
  int failures_ = 0;
  size_t subscribed_ = 0;
  uint32_t maximum_packet_ = 0;
  uint32_t window_ = kMostInFlight, in_flight_ = 0;
  Instant moved_at_{};       // the window became non-empty, or an acknowledgement came
  uint64_t generation_ = 0;  // of the connection: the upper half of its tokens
  log::RateLimitedLog lost_{log::Level::kWarning, "collector"};
  log::RateLimitedLog too_large_{log::Level::kWarning, "collector", log::Per::kKind};
};

}  // namespace tillrelay::collector
