// What: keeps one connection to the broker: connect, subscribe, publish inside a window, and try
//   again after a loss.
// Promise: nothing is queued: a message that does not fit the window is refused and comes again.
//   Back-off with full jitter from 1 s to 30 s, reset after a minute of good connection. A broker
//   that acknowledges nothing for 10 s is left; on a line that is long or slow it has the time that
//   such a line needs (common/mqtt/line_budget.h), and so have the next connection's pings.
// Thread: the collector's.
// Errors: Publish: unavailable (not connected), full (window).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/random.h"
#include "common/mqtt/line_budget.h"
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
  // One message more would neither exceed the window nor what the line carries.
  bool has_room() const {
    return up() && flights_.size() < window_ && (flights_.empty() || bytes_ < line_.bytes());
  }
  // How large a payload on that topic may be; 0: the broker told no limit.
  size_t RoomFor(std::string_view topic) const;
  std::optional<Instant> NextDeadline() const;
  void Close();

 private:
  enum class State { kIdle, kConnecting, kSubscribing, kUp };
  static constexpr std::chrono::seconds kLeastPause{1}, kMostPause{30}, kStable{60};
  static constexpr std::chrono::seconds kKeepAlive{15}, kMostKeepAlive{600};
  static constexpr uint32_t kMostInFlight = 100;

  struct Flight {
    size_t bytes = 0;
    Instant sent{};
  };

  void Connected(const mqtt::LinkEvent& event, Instant now);
  bool Subscribed(const mqtt::LinkEvent& event, Instant now);
  void Published(const mqtt::LinkEvent& event, Instant now);
  void Lose(std::string_view why, Instant now);
  void LearnLine(Instant now);
  void ExtendKeepAlive(Duration needed);
  Instant AckDeadline() const { return moved_at_ + line_.Patience(large_); }

  mqtt::Link& link_;
  Random& random_;
  const std::vector<std::string> topics_;
  State state_ = State::kIdle;
  Instant since_{};     // of the state
  Instant retry_at_{};  // kIdle
  int failures_ = 0;
  size_t subscribed_ = 0;
  uint32_t maximum_packet_ = 0;
  uint32_t window_ = kMostInFlight;
  std::unordered_map<uint64_t, Flight> flights_;  // of this connection, by token
  size_t bytes_ = 0, large_ = 0;  // in flight, and those of messages above LineBudget::kLarge
  mqtt::LineBudget line_;
  std::chrono::seconds keep_alive_{kKeepAlive};  // of the next connection
  Instant moved_at_{};  // the window became non-empty, or an acknowledgement came
  uint64_t token_ = 0;  // of the last message: never used again
  log::RateLimitedLog lost_{log::Level::kWarning, "collector"};
  log::RateLimitedLog too_large_{log::Level::kWarning, "collector", log::Per::kKind};
};

}  // namespace tillrelay::collector
