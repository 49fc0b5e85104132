// What: which numbers are missing, and which of them to ask for now.
// Promise: exactly the missing ranges are asked for, each after the reorder time and then with
//   back-off until it closes; one replay at a time per store; nothing is asked of a store that is
//   not online. A range that filled a little starts its back-off anew. No clock, no I/O.
// Thread: the collector's.
// Limits: 64 ranges a stream, 10,000 numbers a request.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "collector/db/rows.h"
#include "collector/intake/streams.h"
#include "common/base/clock.h"
#include "common/wire/control.h"

namespace tillrelay::collector {

inline constexpr std::chrono::seconds kReorderTime{2};  // arrivals may overtake each other
inline constexpr std::chrono::seconds kAskLongest{
    300};  // between two requests for one range: 2 s, 4 s ..
inline constexpr std::chrono::seconds kReplayPatience{10};  // without a word about a replay
// What the leader of several collectors has not got of a store by then, another one asks for.
inline constexpr std::chrono::seconds kFollowerWaits{30};
inline constexpr size_t kMaxRanges = 64;
inline constexpr uint64_t kMaxAsk = 10'000;

// One reading of the clock, taken once per turn of the loop.
struct Now {
  Instant at{};
  std::string text;  // UTC
};

struct Gap : GapRow {
  bool shown = false;  // older than the reorder time, so it stands in table `gap`
  Instant next_ask{};
  int asked = 0;
};

struct Ask {
  StreamKey key;
  std::string session;
  wire::Range range;
};

class Gaps {
 public:
  // Whether gaps are asked for at once, or only what is left of them after a while.
  void Follow(bool follows);
  // What a stream's rows say after a commit.
  void Received(const StreamKey& key, const StreamState& state, const Now& now);
  // What a status says. A store that is offline is asked nothing.
  void Told(const wire::StoreStatus& status, const std::string& store, const Now& now);
  bool online(const std::string& store) const;
  // What was declared lost and is kept by its store after all: asked for once, behind
  // what the stream misses.
  void KeptAfterAll(const StreamKey& key, std::vector<wire::Range> ranges);
  // A gap as the table had it when the collector started.
  void Remember(const StreamKey& key, Gap gap, const Now& now);

  // What to ask for now, at most one range a store. Gaps whose reorder time is over become shown.
  std::vector<Ask> Due(const Now& now);
  // The request went out.
  void NoteAsked(const Ask& ask, const std::string& command_id, const Now& now);
  // False: it answers nothing that we asked.
  bool Replied(const std::string& store, const wire::Reply& reply, Instant now);

  // Streams whose shown gaps changed since the last call.
  std::set<StreamKey> TakeChanged();
  bool changed() const { return !changed_.empty(); }
  std::vector<Gap> Shown(const StreamKey& key) const;
  // Streams with gaps, shown or not.
  std::vector<StreamKey> Open() const;
  std::vector<StreamKey> OpenOf(const std::string& store) const;
  std::optional<Instant> NextDeadline() const;

 private:
  struct StreamGaps {
    std::vector<wire::Range> holes;  // below the highest number that is held
    std::vector<LossRow> lost;       // declared lost: neither missing nor asked for
    uint64_t held_to = 0, highest_seen = 0, through = 0;
    uint64_t floor = 1, promised = 0;  // by the last status
    std::vector<Gap> gaps;
    std::vector<wire::Range> kept;  // lost ones to ask for
    std::optional<Instant> listed;  // as it stands in due_
  };
  struct Peer {
    std::string session;  // empty: offline
    std::string command_id;
    Instant busy_until{};
  };

  Duration patience_ = kReorderTime;
  static std::vector<wire::Range> Missing(const StreamGaps& stream);
  void Refresh(const StreamKey& key, StreamGaps* stream, const Now& now);
  // When the stream should be looked at next: a gap becomes shown, or can be asked for.
  static std::optional<Instant> NextOf(const StreamGaps& stream, const Peer* peer);
  void List(const StreamKey& key, StreamGaps* stream);
  void ListStore(const std::string& store);
  const Peer* PeerOf(const std::string& store) const;

  std::map<StreamKey, StreamGaps> streams_;
  std::set<std::pair<Instant, StreamKey>> due_;  // so that nobody walks over all streams
  std::set<StreamKey> open_;                     // with gaps
  std::map<std::string, Peer> peers_;
  std::set<StreamKey> changed_;
};

}  // namespace tillrelay::collector
