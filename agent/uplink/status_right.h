// What: whether to ask the broker for the own status: some brokers end the connection of whoever
//   asks for a topic without the right to it.
// Promise: a connection that ends while it asks is taken for a denial only as long as one that does
//   not ask lasts longer. Another server that pushes us off may hit just that moment, and must not
//   make us blind. Pure.
// Thread: uplink.
#pragma once

#include <utility>

#include "agent/uplink/timing.h"
#include "common/base/clock.h"

namespace tillrelay::uplink {

class StatusRight {
 public:
  bool may_ask() const { return !denied_; }
  void MarkAsked() { asking_ = true; }
  void Answered() { asking_ = false; }
  // A connection that had been made has ended.
  void Lost(Duration lasted) {
    const bool asked = std::exchange(asking_, false);
    denied_ = asked || (denied_ && lasted >= kStableAfter);
  }

 private:
  bool asking_ = false, denied_ = false;
};

}  // namespace tillrelay::uplink
