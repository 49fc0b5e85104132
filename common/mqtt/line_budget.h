// What: how many bytes may be under way to the broker: about two seconds of the line, read from how
//   long acknowledgements take.
// Promise: a fast line is filled within a few round trips, a slow one never has more than it
//   carries in about two seconds (one message that is larger alone excepted). An acknowledgement is
//   awaited for as long as the bytes before it may take, and for several round trips, within
//   absolute bounds.
// Thread: its owner's.
// Limits: kLeast to kMost.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "common/base/clock.h"

namespace tillrelay::mqtt {

class LineBudget {
 public:
  static constexpr size_t kFirst = 128 * 1024, kLeast = 16 * 1024, kMost = 64 * 1024 * 1024;
  static constexpr size_t kProven = 4 * kFirst;
  static constexpr size_t kLarge = 16 * 1024;  // a message that is waited for longer than others
  static constexpr std::chrono::milliseconds kGood{1000}, kSlow{2000};
  // No acknowledgement at all with messages in flight: the connection is dead, whatever it says.
  static constexpr std::chrono::seconds kAckTimeout{10};
  // An attempt that neither connects nor fails is given up.
  static constexpr std::chrono::seconds kConnectTimeout{75};
  // A line is taken to carry so much, and half of it again after each connection that has ended
  // under a large message.
  static constexpr size_t kLeastRate = 4 * 1024;  // bytes a second
  static constexpr std::chrono::minutes kMostPatience{15};
  static constexpr int kMostHalvings = 8;  // 16 bytes a second
  static constexpr int kPatientTrips = 3;

  // A broker has answered the subscriptions after `took`: what an empty line needs there and back.
  void RoundTrip(Duration took) { round_trip_ = std::min<Duration>(took, kConnectTimeout); }
  Duration round_trip() const { return round_trip_; }

  size_t bytes() const { return bytes_; }
  size_t least_rate() const { return kLeastRate >> halvings_; }  // bytes a second
  // Of one message that holds several events.
  size_t message_bytes() const { return std::max(kLeast / 2, bytes_ / 2); }

  // A new connection may be another line. `large`: bytes of large messages under which the old one
  // stood still.
  void Restart(size_t large) {
    halvings_ = large > 0 ? std::min(halvings_ + 1, kMostHalvings) : 0;
    bytes_ = std::min(bytes_, kFirst);
    cut_at_ = {};
  }
  // A message of `size` bytes that left at `sent` was acknowledged at `now`, with `under_way` bytes
  // in flight until then: a line that is hardly used says nothing about what it could carry.
  void Acked(size_t size, size_t under_way, Instant sent, Instant now) {
    if (size > kLarge) halvings_ = 0;
    const Duration took = now - sent - round_trip_;
    if (took <= kGood) {
      if (under_way < bytes_ / 2) return;
      bytes_ = std::min(kMost, bytes_ + size);
    } else if (took > kSlow && sent >= cut_at_) {
      // What left before the last cut says nothing about what the cut has brought.
      const double share =
          std::chrono::duration<double>(kSlow) / std::chrono::duration<double>(took);
      bytes_ = std::max(kLeast, static_cast<size_t>(static_cast<double>(bytes_) * share));
      cut_at_ = now;
    }
  }
  // Below this a line may be silent whatever is under way.
  Duration LeastPatience() const {
    return std::max<Duration>(kAckTimeout, kPatientTrips * round_trip_);
  }
  // A ping queues behind what is on its way: how long its answer may take on such a line.
  std::chrono::seconds KeepAlive() const {
    return std::chrono::ceil<std::chrono::seconds>(kPatientTrips * round_trip_);
  }
  // How long nothing may be acknowledged while large messages of so many bytes are under way.
  Duration Patience(size_t under_way) const {
    // Only a bound that has grown far says what the line can do.
    const double proven = bytes_ > kProven ? static_cast<double>(bytes_) / 8 : 0;
    const double rate = std::max(static_cast<double>(least_rate()), proven);
    const double most = std::chrono::duration<double>(kMostPatience - kAckTimeout).count();
    const std::chrono::duration<double> line(std::min(most, static_cast<double>(under_way) / rate));
    return LeastPatience() + std::chrono::duration_cast<Duration>(line);
  }

 private:
  size_t bytes_ = kFirst;
  Instant cut_at_{};
  Duration round_trip_{};
  int halvings_ = 0;
};

}  // namespace tillrelay::mqtt
