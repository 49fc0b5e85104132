#include "agent/uplink/replay.h"

#include <algorithm>

namespace tillrelay::uplink {

std::string ReplayDesk::Refusal(const wire::Command& command, bool retained,
                                const Kept& kept) const {
  if (retained) return "retained";
  if (command.session != session_) return "foreign-session";
  if (std::find(seen_.begin(), seen_.end(), command.command_id) != seen_.end()) return "repeated";
  if (command.command != "replay") return "";
  if (command.stream != kept.stream) return "unknown";
  if (active_) return "busy";
  if (command.range.first > kept.sent_through) return "pending";
  if (command.range.last < kept.floor) return "not-kept";
  return "";
}

wire::Reply ReplayDesk::Take(const wire::Command& command, bool retained, const Kept& kept) {
  wire::Reply reply;
  reply.command_id = command.command_id;
  reply.reason = Refusal(command, retained, kept);
  if (!reply.reason.empty()) {
    ++refused_;
    reply.state = "refused";
    return reply;
  }
  seen_.push_back(command.command_id);
  if (seen_.size() > kRemembered) seen_.pop_front();
  if (command.command != "replay") {
    reply.state = "done";
    return reply;
  }
  Replay replay;
  replay.command_id = command.command_id;
  replay.next = std::max(command.range.first, kept.floor);
  replay.through = std::min(command.range.last, kept.sent_through);
  replay.of = replay.through - replay.next + 1;
  active_ = replay;
  reply.state = "accepted";
  reply.of = replay.of;
  return reply;
}

}  // namespace tillrelay::uplink
