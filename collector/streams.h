// What: the rows of `stream`, kept in memory while the collector runs: per (store, stream) the
//   watermark with its chain, and which numbers lie above it as islands.
// Promise: what a row says in the database is what was committed; memory is ahead of it only inside
//   a transaction, and `Forget` after a rollback reads everything anew.
// Thread: the store's.
// Errors: those of the database; corrupt when a row's chain is no chain.
// Limits: 20,000 islands a stream (docs/wire.md); above that numbers are not held.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/sqlite/sqlite.h"
#include "common/wire/chain.h"
#include "common/wire/control.h"
#include "common/wire/sequence_tracker.h"

namespace tillrelay::collector {

struct StreamKey {
  std::string store, stream;
  auto operator<=>(const StreamKey&) const = default;
};

inline constexpr size_t kMaxIslands = 20'000;

struct StreamState {
  uint64_t through() const { return seen.through(); }

  wire::SequenceTracker seen{0, kMaxIslands};
  wire::Chain chain{};        // at through()
  uint64_t highest_seen = 0;  // also of what could not be held
  std::string reason;         // why the stream was opened, as its first event says
  bool dirty = false;
};

class Streams {
 public:
  static Result<Streams> Open(sqlite::Database* db);

  // The stream, opened with through 0 if it is new; `fresh` then says so.
  Result<StreamState*> Get(const StreamKey& key, const std::string& now, bool* fresh = nullptr);
  // Reads the islands of a stream again, after one of them was put aside.
  Status Reload(const StreamKey& key, StreamState* state);
  // Writes the changed rows.
  Status Save();
  void Forget() { states_.clear(); }

  // Rows as committed, the newest stream first.
  Result<std::vector<wire::StreamConfirm>> Confirmed(const std::string& store, int most);
  Result<std::vector<StreamKey>> All();

 private:
  struct Statements {
    sqlite::Statement load, islands, insert, save, confirmed, all;
  };
  explicit Streams(Statements statements) : sql_(std::move(statements)) {}
  Status LoadIslands(const StreamKey& key, StreamState* state);

  Statements sql_;
  std::map<StreamKey, StreamState> states_;
};

}  // namespace tillrelay::collector
