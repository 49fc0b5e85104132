#include "agent/uplink/replay.h"

#include <algorithm>

#include "common/event/time_text.h"

namespace tillrelay::uplink {
namespace {

ReplayProgress ProgressOf(const Replay& replay, const char* state) {
  return {replay.id, state, replay.sent, replay.looked, replay.of};
}

void AddPiece(Replay* replay, const std::string& stream, uint64_t first, uint64_t last) {
  if (first > last) return;
  replay->pieces.push_back({stream, first, last});
  replay->of += last - first + 1;
}

// Below the floor only bodies that are kept for the centre.
void AddOwed(Replay* replay, const StreamPlace& place, const wire::Range& range) {
  for (const uint64_t number : place.owed) {
    if (number < range.first || number > range.last || number >= place.floor) continue;
    AddPiece(replay, place.stream, number, number);
  }
}

// The part of `range` below the floor, if any of it is gone. It reaches up to the floor, because
// only there the chain is known.
std::optional<wire::Range> Gone(const StreamPlace& place, const wire::Range& range) {
  if (range.first >= place.floor) return std::nullopt;
  const uint64_t last = std::min(range.last, place.floor - 1);
  const auto kept =
      static_cast<uint64_t>(std::count_if(place.owed.begin(), place.owed.end(), [&](uint64_t n) {
        return n >= range.first && n <= last;
      }));
  if (kept == last - range.first + 1) return std::nullopt;
  return wire::Range{range.first, place.floor - 1};
}

}  // namespace

std::string ReplayQueue::Refusal(const wire::Command& command, bool retained) const {
  if (retained) return "retained";
  if (command.session != session_) return "foreign-session";
  if (std::find(seen_.begin(), seen_.end(), command.command_id) != seen_.end()) return "repeated";
  return "";
}

std::string ReplayQueue::Plan(const wire::Command& command, const std::vector<StreamPlace>& kept,
                              Replay* replay, std::optional<wire::Range>* gone) const {
  if (active_) return "busy";
  if (command.range.first == 0) {
    for (const StreamPlace& place : kept) {
      AddPiece(replay, place.stream, place.floor, place.sent_through);
    }
    return "";
  }
  for (const StreamPlace& place : kept) {
    if (place.stream != command.stream) continue;
    if (command.range.first > place.sent_through) return place.current ? "pending" : "unknown";
    *gone = Gone(place, command.range);
    AddOwed(replay, place, command.range);
    AddPiece(replay, place.stream, std::max(command.range.first, place.floor),
             std::min(command.range.last, place.sent_through));
    return "";
  }
  return "unknown";
}

ReplayQueue::Answer ReplayQueue::Take(const wire::Command& command, bool retained,
                                      const std::vector<StreamPlace>& kept) {
  Answer answer;
  wire::Reply& reply = answer.reply;
  reply.command_id = command.command_id;
  reply.reason = Refusal(command, retained);
  Replay replay;
  replay.id = command.command_id;
  replay.filter = {command.business_day, command.recorded_from, command.recorded_through};
  if (reply.reason.empty() && command.command == "replay") {
    reply.reason = Plan(command, kept, &replay, &answer.gone);
  }
  if (!reply.reason.empty()) {
    ++refused_;
    reply.state = "refused";
    return answer;
  }
  seen_.push_back(command.command_id);
  if (seen_.size() > kRemembered) seen_.pop_front();
  reply.state = "done";
  if (command.command != "replay" || replay.of == 0) return answer;
  reply.state = "accepted";
  reply.of = replay.of;
  active_ = std::move(replay);
  return answer;
}

Status ReplayQueue::Start(const ReplayOrder& order, const std::string& id,
                          const std::vector<StreamPlace>& kept) {
  wire::Command command;
  command.stream = order.stream;
  if (order.stream.empty() && !kept.empty()) command.stream = kept.back().stream;
  command.range = {order.first, order.last};
  Replay replay;
  replay.id = id;
  replay.by_command = false;
  replay.filter = {order.business_day, order.recorded_from, order.recorded_through};
  std::optional<wire::Range> gone;
  const std::string refusal = Plan(command, kept, &replay, &gone);
  if (refusal == "busy") return Conflict("another replay is running");
  if (refusal == "pending") return Invalid("these numbers have not been sent yet; they will be");
  if (!refusal.empty()) return NotFound("the journal holds no such stream");
  if (replay.of == 0) return NotFound("none of these numbers is kept any more");
  active_ = std::move(replay);
  return Status::Ok();
}

Replay* ReplayQueue::StartOwed(const std::vector<StreamPlace>& kept) {
  CHECK(!active_);
  Replay replay;
  replay.id = "owed";
  replay.by_command = false;
  for (const StreamPlace& place : kept) {
    for (const uint64_t number : place.owed) AddPiece(&replay, place.stream, number, number);
  }
  if (replay.of == 0) return nullptr;
  active_ = std::move(replay);
  return &*active_;
}

void ReplayQueue::Finish(const char* state) {
  if (!active_) return;
  ended_.push_back(ProgressOf(*active_, state));
  if (ended_.size() > kEnded) ended_.pop_front();
  active_.reset();
}

std::vector<ReplayProgress> ReplayQueue::Progress() const {
  std::vector<ReplayProgress> replays(ended_.begin(), ended_.end());
  if (active_) replays.push_back(ProgressOf(*active_, "running"));
  return replays;
}

}  // namespace tillrelay::uplink
