// What: the collector's rules over its tables: takes verified events one by one inside a
//   transaction and decides for each: counted, held, seen before, owed, or put aside.
// Promise: event, effects on the ledger and advance of the watermark are one transaction. Each id
//   counts once. The watermark never jumps a hole, except over a declared loss. An event that
//   contradicts what is known is kept in `fork`; one that cannot be applied is kept whole in
//   `unapplied`, and the watermark passes it. After Rollback memory and database agree again.
// Thread: one; owns the only writing connection.
// Errors: those of the database. After any error the caller rolls back, and, unless it was one of
//   the data (IsDataError), calls Reopen before the next Begin.
// Limits: kMaxStreams, kMaxUnappliedEvents and kMaxUnappliedBytes a store; beyond them nothing is
// passed.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "collector/db/sql.h"
#include "collector/db/tables.h"
#include "collector/intake/arrived.h"
#include "collector/intake/streams.h"
#include "collector/ledger/ledger.h"

namespace tillrelay::collector {

enum class Outcome {
  kCounted,    // the watermark passed it (and the islands that followed), or its id had counted
  kIsland,     // held above a hole
  kDuplicate,  // the same event at the same number again
  kFork,       // kept aside: it contradicts the stream
  kDropped,    // above more islands than are held; it will be asked for
  kParked,     // the watermark passed it, its body is owed
  kFilled,     // a body that was owed or declared lost
  kDoubtful,   // kept, in no ledger: it may have counted before its id was deleted by age
  kUnapplied,  // kept whole, without effect: the watermark passed it, or it is held above a hole
  kNoRoom,     // it cannot be applied, and too many of its store are kept already: not stored
};

inline constexpr uint64_t kMaxStreams = 1000;
inline constexpr uint64_t kMaxUnappliedEvents = 1000;
inline constexpr uint64_t kMaxUnappliedBytes = 64 * 1024 * 1024;

class Store {
 public:
  // `url` as in [store] url.
  static Result<std::unique_ptr<Store>> Open(const std::string& url);

  // Starts a transaction; `now` is the UTC text that rows written in it carry. What the batch will
  // need is read at once; events that are not in it may follow all the same.
  Status Begin(std::string now, std::span<const Arrived> batch = {});
  Result<Outcome> Apply(const Arrived& e);
  // A number was refused unread; its range counts as known to exist.
  Status NoteRefused(const StreamKey& key, uint64_t sequence);
  // False: the store has as many streams as one may have, and this is none of them.
  Result<bool> MayOpen(const StreamKey& key);
  // True: the stream was not known before.
  Result<bool> EnsureStream(const StreamKey& key);
  // UnappliedSize in `loss` at once, wherever the watermark is, and jumped as soon as nothing is
  // missing below it. True: something of it was not declared before.
  Result<bool> DeclareLost(const std::string& store, const Declared& loss);
  // An island that turned out not to belong here, or a whole tail of them, is put aside.
  Status DivergeOutOfOrder(const StreamKey& key, uint64_t from);
  // Events kept aside before `before` (UTC text) whose id has not counted since are applied by
  // their id: whoever sent them may be gone. Gives how many; the caller commits.
  Result<uint64_t> ApplyDiverged(const std::string& before);
  // Applies an event of table `unapplied` at a new position, if it can be applied now. `time`, if
  // not empty, takes the place of its own. False: it still cannot, and stays as it is.
  Result<bool> ApplyKept(const UnappliedRow& kept, const std::string& time);
  // The same in a transaction of its own, which is rolled back if the database still refuses it.
  Result<bool> ApplyKeptAlone(const UnappliedRow& kept, const std::string& time, std::string now);
  // store_ledger.cc. Applies held counts whose time has come, at new positions, at most 500 lines.
  // Gives how many lines; the caller commits.
  Result<size_t> ReleaseCounts();
  // A transaction that writes where groups write and leaves nothing.
  Status Probe(std::string now);
  // As of the last transaction.
  const Tables::Head& head() const { return head_; }
  uint64_t held_counts() const { return held_counts_; }  // lines, since the start
  void ReplaceGaps(const StreamKey& key, std::vector<GapRow> gaps) {
    changes_.gaps[key] = std::move(gaps);
  }
  Status Commit();
  void Rollback();
  Status Reopen();

  // The state of a stream as of the last commit; null if there is no such stream.
  Result<const StreamState*> Find(const StreamKey& key);
  // Streams with numbers above their watermark and those in `also`, as all collectors have left
  // them.
  Result<std::vector<StreamKey>> RefreshOpen(std::vector<StreamKey> also);
  Tables& tables() { return tables_; }
  Sql* sql() { return sql_.get(); }
  // The last position as of the last transaction.
  uint64_t position() const { return position_; }
  uint64_t skipped_effects() const { return ledger_.skipped_effects(); }

 private:
  explicit Store(std::unique_ptr<Sql> sql)
      : sql_(std::move(sql)), tables_(sql_.get()), ledger_(&tables_) {}

  Result<StreamState*> Get(const StreamKey& key, bool* fresh = nullptr);
  Status Adopt(const StreamRow& row);
  Status LoadOutOfOrder(StreamState* state);
  Status ReadNeeded(std::span<const Arrived> batch);
  Status ReadRows(const std::vector<NumberKey>& numbers);
  // The row as this transaction sees it; null: there is none. Valid until the next change.
  Result<const EventRow*> Row(const NumberKey& number);

  Result<Outcome> ApplyOne(const Arrived& e);
  Result<bool> HasRoom(const Arrived& e);
  void Keep(const Arrived& e);
  Result<Outcome> AtOrBelow(StreamState* stream, const Arrived& e);
  Result<Outcome> Next(StreamState* stream, const Arrived& e);
  Result<Outcome> Above(StreamState* stream, const Arrived& e);
  Result<Outcome> OutOfOrderAgain(const Arrived& e);
  Result<Outcome> Fill(const Arrived& e);
  Result<Outcome> AfterLoss(const Arrived& e);
  Status Absorb(StreamState* stream, uint64_t first, uint64_t last);
  Result<bool> AbsorbOne(StreamState* stream, const NumberKey& number);
  Status CountOutOfOrder(const EventRow& held);
  // store_losses.cc
  Status DeclareCounted();
  Result<bool> DeclareOne(const std::string& store, const Declared& loss);
  Result<bool> GiveUpOwed(const StreamState& stream, const Declared& loss);
  Result<bool> NoteLoss(StreamState* stream, const Declared& loss);
  Status LoadLost(StreamState* stream);
  Status JumpLost(StreamState* stream);
  Status CountOutOfOrderWithin(StreamState* stream, const wire::Range& range);
  Status CountIfLost(const StreamState& stream, const NumberKey& number, bool parked);
  Status NoteFilled(const StreamKey& key, uint64_t number);
  Status DivergeHeld(const EventRow& held);

  Result<bool> HasCounted(const std::string& id);
  // Of an id that is not known.
  bool MayHaveCounted(const std::string& store, const std::string& recorded_at) const;
  void Doubt(const EventRow& row);
  Status Insert(const Arrived& e, bool counted);
  // At the current position; `id` is the event's.
  Status Post(const Posting& posting, std::string_view id);
  CountRules RulesOf(const std::string& now) const;
  void Duplicate(const NumberKey& number, const std::string& id);
  void Diverge(const Arrived& e);
  EventRow RowOf(const Arrived& e) const;
  Status Flush(bool last = false);

  std::unique_ptr<Sql> sql_;
  Tables tables_;
  Ledger ledger_;
  std::map<StreamKey, StreamState> states_;
  JsonParser parser_;
  JsonParser kept_parser_;
  // Of the transaction:
  Changes changes_;
  Tables::Head head_;
  uint64_t position_ = 0;  // of the last counted event
  uint64_t held_counts_ = 0;
  std::string hash_;                                   // running, at `position_`
  std::map<std::string, bool> ids_;                    // whether it has counted
  std::map<NumberKey, size_t> fresh_;                  // index in changes_.events
  std::map<NumberKey, std::optional<EventRow>> rows_;  // as read, or as flushed
  std::deque<std::pair<std::string, Declared>>
      declared_;                                       // by events that have counted; their store
  std::map<std::string, Tables::UnappliedSize> kept_;  // by store, this transaction's included
  std::set<StreamState*> touched_;
  uint64_t transaction_ = 1;
  std::map<std::string, PurgedRanges> forgotten_;  // by store
  std::optional<uint64_t> forgotten_at_;           // `purged` when it was read
};

}  // namespace tillrelay::collector
