// What: which version of MQTT the next attempt uses.
// Promise: a broker that has ever spoken 5 is never downgraded; 3.1.1 comes only after two attempts
//   with 5 in a row that were refused for their version or hung up on. What says nothing about the
//   version (a refused or reset port, a wrong password, silence) changes nothing.
// Thread: any.
#pragma once

#include <atomic>

#include "common/mqtt/link.h"

namespace tillrelay::mqtt {

class VersionChoice {
 public:
  explicit VersionChoice(Protocol protocol) : protocol_(protocol) {}

  bool UseOlder() const {
    if (protocol_ != Protocol::kAuto) return protocol_ == Protocol::k311;
    return !spoke_five_ && refusals_ >= kConvincing;
  }
  void Connected(bool five) {
    if (five) spoke_five_ = true;
    // After 3.1.1 the next attempt is with 5 again, for the broker may have been renewed; one more
    // refusal is enough then.
    refusals_ = five ? 0 : kConvincing - 1;
  }
  void FiveRefused() { ++refusals_; }
  // With 3.1.1: whatever it was, it was not the version alone.
  void OlderFailed() { refusals_ = 0; }

 private:
  static constexpr int kConvincing = 2;
  const Protocol protocol_;
  std::atomic<bool> spoke_five_{false};
  std::atomic<int> refusals_{0};
};

}  // namespace tillrelay::mqtt
