// What: one range that the centre has asked for again, and which commands may start one.
// Promise: one at a time; a retained, foreign, repeated or unknown command is refused and changes
//   nothing; ranges are clamped to what was sent and is kept.
// Thread: uplink.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "common/wire/control.h"

namespace tillrelay::uplink {

struct Replay {
  std::string command_id;
  uint64_t next = 0, through = 0;
  uint64_t sent = 0, of = 0, told = 0;
  bool done() const { return next > through; }
};

// What the agent holds of its current stream.
struct Kept {
  std::string stream;
  uint64_t floor = 1, sent_through = 0;
};

class ReplayDesk {
 public:
  explicit ReplayDesk(std::string session) : session_(std::move(session)) {}

  // The reply; a replay is active afterwards if its state is "accepted".
  wire::Reply Take(const wire::Command& command, bool retained, const Kept& kept);
  Replay* active() { return active_ ? &*active_ : nullptr; }
  void Finish() { active_.reset(); }
  uint64_t refused() const { return refused_; }

 private:
  static constexpr size_t kRemembered = 64;
  std::string Refusal(const wire::Command& command, bool retained, const Kept& kept) const;
  const std::string session_;
  std::optional<Replay> active_;
  std::deque<std::string> seen_;
  uint64_t refused_ = 0;
};

}  // namespace tillrelay::uplink
