// What: which of several servers that speak for one store goes on, and which gives way.
// Promise: each of them comes to the same answer alone, in whatever order messages arrive: the
//   session that began last (its nonce is the greatest) keeps the line, and whoever has evidence of
//   a greater one gives way. A server's sessions only grow, so that evidence of a former one still
//   means that its server, or a later one, stays. Hence never do all of them give way for longer
//   than a turn. A connection that the broker ends for another one names nobody: where nobody can
//   be named (no right to read) the one that lost gives way, since the other one is connected;
//   elsewhere it comes back to look. Whoever gave way has a turn afterwards, and the one that
//   stayed steps back for it. Pure.
// Thread: uplink.
// Limits: agent/uplink/timing.h.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "agent/uplink/timing.h"
#include "common/base/clock.h"

namespace tillrelay::uplink {

enum class TwinStep {
  kGoOn,
  kStay,      // and come back at once when pushed off: the other one gives way
  kStepBack,  // for one turn
  kGiveWay,   // for 5 to 15 minutes
};

class TwinRule {
 public:
  explicit TwinRule(std::string own) : own_(std::move(own)) {}

  // Subscribed: a turn that is due begins now, however long the line was away.
  void Connected(Instant now) {
    connected_at_ = now;
    if (std::exchange(turn_due_, false)) turn_until_ = now + kTakeOverTurn;
  }

  TwinStep OnEvidence(const std::string& other, Instant now) {
    lost_in_a_row_ = 0;
    // A turn that is due begins with the SUBACK; what is heard before it must not take it away.
    if (turn_due_ || now < turn_until_) return TwinStep::kGoOn;
    if (other > own_) return GiveWay();
    // The other one gives way as soon as it has its own evidence; later it comes for its turn.
    if (turns_.size() >= kMostOthers && !turns_.contains(other)) turns_.clear();
    const auto [turn, first] = turns_.try_emplace(other, now);
    if (now - turn->second < kTurnsApart) return TwinStep::kStay;
    turn->second = now;
    return TwinStep::kStepBack;
  }

  // The broker has ended the connection because another one has the client id. `knows_nobody`: on
  // it there was time to read who else there is, and nobody was ever named.
  TwinStep OnTakenOver(bool knows_nobody, Instant now) {
    const bool lasted = now - connected_at_ >= kStableAfter;
    lost_in_a_row_ = lasted ? 1 : lost_in_a_row_ + 1;
    // Copies of a running machine have one session: no message tells them apart.
    const bool nameless = knows_nobody || lost_in_a_row_ >= kMostTakenOver;
    return nameless ? GiveWay() : TwinStep::kGoOn;
  }

  static constexpr size_t kMostOthers = 16;

 private:
  TwinStep GiveWay() {
    turn_due_ = true;
    lost_in_a_row_ = 0;
    return TwinStep::kGiveWay;
  }

  const std::string own_;
  Instant connected_at_{}, turn_until_{};
  bool turn_due_ = false;
  std::map<std::string, Instant> turns_;  // the last one left to each of the others
  int lost_in_a_row_ = 0;
};

}  // namespace tillrelay::uplink
