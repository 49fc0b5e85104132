// What: what is sent again on command, one at a time: by number, by business day, by time; and
//   which commands of the centre may start it.
// Promise: a retained, foreign, repeated or unknown command is refused and changes nothing; ranges
//   are clamped to what was sent and is kept. Numbers that are asked for and gone are named.
// Thread: uplink.
// Limits: 64 command ids and 16 ended replays are remembered; one replay at a time.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "agent/uplink/uplink_stats.h"
#include "common/wire/control.h"

namespace tillrelay::uplink {

// What a stream still holds. `sent_through` is its head, for the current one what was sent.
struct StreamPlace {
  std::string stream;
  uint64_t head = 0, floor = 1, sent_through = 0;
  bool current = false;
  std::vector<uint64_t> owed = {};  // bodies kept below the floor
  uint64_t confirmed_through = 0;
  bool holds_rows = true;  // of its own: what opened it is none
};

struct ReplayRange {
  std::string stream;
  uint64_t next = 0, through = 0;
};

// Which of the looked-at rows are sent; all members empty: every one.
struct ReplayFilter {
  std::string business_day;
  std::string recorded_from, recorded_through;  // UTC texts, inclusive
  bool all() const { return business_day.empty() && recorded_from.empty(); }
};

struct Replay {
  std::string id;
  bool by_command = true;  // the centre gets replies
  ReplayFilter filter;
  std::deque<ReplayRange> pieces;
  uint64_t looked = 0, of = 0;  // numbers
  uint64_t sent = 0;            // events handed to the broker
  uint64_t reported = 0;
  // One number once more, before the others.
  void Again(const std::string& stream, uint64_t number) {
    pieces.push_front({stream, number, number});
    ++of;
  }
};

class ReplayQueue {
 public:
  explicit ReplayQueue(std::string session) : session_(std::move(session)) {}

  struct Answer {
    wire::Reply reply;
    std::optional<wire::Range> gone;  // asked for, below the floor and not kept
  };
  // A replay is active afterwards if the reply says "accepted".
  Answer Take(const wire::Command& command, bool retained, const std::vector<StreamPlace>& kept);
  // The same by a person of the store; nobody is replied to.
  Status Start(const ReplayOrder& order, const std::string& id,
               const std::vector<StreamPlace>& kept);

  // Every body that is still owed to the centre; null where there is none. No replay may run.
  Replay* StartOwed(const std::vector<StreamPlace>& kept);

  Replay* active() { return active_ ? &*active_ : nullptr; }
  const Replay* active() const { return active_ ? &*active_ : nullptr; }
  void Finish(const char* state);
  uint64_t refused() const { return refused_; }
  // The newest last; the active one, if any, is the last.
  std::vector<ReplayProgress> Progress() const;

 private:
  static constexpr size_t kRemembered = 64;
  static constexpr size_t kEnded = 16;
  std::string Refusal(const wire::Command& command, bool retained) const;
  // What keeps a replay from starting, or "".
  std::string Plan(const wire::Command& command, const std::vector<StreamPlace>& kept,
                   Replay* replay, std::optional<wire::Range>* gone) const;
  const std::string session_;
  std::optional<Replay> active_;
  std::deque<ReplayProgress> ended_;
  std::deque<std::string> seen_;
  uint64_t refused_ = 0;
};

}  // namespace tillrelay::uplink
