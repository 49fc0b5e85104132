// What: what the Sender tells the world to do.
// Thread: any (values).
#pragma once

#include <string>
#include <variant>

#include "agent/uplink/replay.h"
#include "common/base/clock.h"
#include "common/wire/control.h"

namespace tillrelay::uplink::act {

struct Connect {};
struct Subscribe {};
struct Disconnect {};
// Numbers of the current stream, inclusive; each message is reported with OnSent.
struct Send {
  uint64_t first = 0, last = 0;
  bool parked = false;  // only say what they are
};
// Kept numbers of any stream again, those that the filter takes; OnSent for each, then OnScanned.
struct Resend {
  std::string stream;
  uint64_t first = 0, last = 0;
  ReplayFilter filter;
};
struct SaveConfirmation {
  wire::StreamConfirm confirm;
  bool live = false;
};
struct SaveAcked {
  uint64_t through = 0;
};
struct PublishStatus {};
struct SendReply {
  wire::Reply reply;
};
// Rows of the stream may be deleted up to `through`, until then.
struct AllowDeletion {
  std::string stream;
  uint64_t through = 0;
  Instant until{};
};
// Everything behind number `after` of the stream goes on in a new one. OnStream follows.
struct Fork {
  std::string stream;
  uint64_t after = 0;
  std::string reason;
};
// The numbers are gone; `open`: and perhaps those behind them. `reply`, if it has an id, takes the
// declaration along.
struct DeclareLoss {
  std::string stream;
  wire::Range range;
  std::string reason;
  bool compared = true;
  wire::Reply reply;
  bool open = false;
};

}  // namespace tillrelay::uplink::act

namespace tillrelay::uplink {

using Action = std::variant<act::Connect, act::Subscribe, act::Disconnect, act::Send, act::Resend,
                            act::SaveConfirmation, act::SaveAcked, act::PublishStatus,
                            act::SendReply, act::AllowDeletion, act::Fork, act::DeclareLoss>;

}  // namespace tillrelay::uplink
