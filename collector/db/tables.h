// What: the collector's reads and writes, each written once for both databases.
// Promise: reads look at many keys at once; a batch of changes is written in one go. Nothing is
//   decided here.
// Thread: the store's.
// Errors: those of the database; corrupt when a row cannot be what this program wrote.
#pragma once

#include <optional>
#include <set>
#include <span>

#include "collector/db/purged_ranges.h"
#include "collector/db/rows.h"
#include "collector/db/sql.h"

namespace tillrelay::collector {

struct Wanted {
  std::vector<StreamKey> streams;
  std::vector<std::string> ids;  // which of them have counted
  std::vector<CellKey> cells;
  std::vector<TransitKey> transit;
};

struct Found {
  std::vector<StreamRow> streams;
  std::set<std::string> counted;
  std::set<std::string> reserved;  // of events that could not be applied
  std::map<CellKey, CellRow> cells;
  std::map<TransitKey, TransitRow> transit;
};

// Rows of the columns that kCounted reads.
Result<std::vector<EventRow>> EventsOf(const Rows& rows);

namespace sql {
struct LedgerStatements;
}

class Tables {
 public:
  // Which tables hold the ledger: those that are served, or those that a rebuild fills.
  enum class LedgerIn { kServed, kRebuilt };
  explicit Tables(Sql* sql, LedgerIn ledger = LedgerIn::kServed);

  struct Head {
    uint64_t position = 0;  // of the last counted event
    uint64_t purged = 0;    // positions up to here have been deleted by age
    std::string hash, purged_hash;
    uint64_t changes_after = 0;   // of what counted before, by an older program, no outcome is kept
    uint64_t filled_through = 0;  // of those, movement has the facts up to here
    bool complete() const { return filled_through >= changes_after; }
  };
  static Head HeadOf(const Rows& rows);
  // Starts the transaction and reads, in one round trip.
  Result<Found> Begin(const Wanted& wanted, Head* head);
  Result<Found> Read(const Wanted& wanted);
  Result<std::vector<EventRow>> Events(const std::vector<NumberKey>& numbers);
  // The numbers that are held above `through`.
  Result<std::vector<uint64_t>> Islands(const StreamKey& key, uint64_t through);
  // For each cell and bucket what moved in it after `as_of`, at positions below `before`.
  Result<std::vector<int64_t>> MovedSince(const std::vector<std::pair<CellKey, size_t>>& cells,
                                          int64_t as_of, uint64_t before);
  // Held counts whose time has come, at most 500, in the order of their times.
  Result<std::vector<HeldRow>> DueHeld(int64_t now);
  // Of the first held count that time will release.
  Result<std::optional<int64_t>> NextHeld();
  // The lines of the changes above `after` up to `through`, in order.
  Result<std::vector<MovementRow>> Movements(uint64_t after, uint64_t through);
  Result<std::vector<LossRow>> Losses(const StreamKey& key);
  Result<std::map<uint64_t, OwedRow>> Owed(const StreamKey& key);

  // How many events of the store could not be applied, and their bytes.
  struct UnappliedSize {
    uint64_t events = 0, bytes = 0;
  };
  Result<UnappliedSize> UnappliedOf(const std::string& store);
  // The next ones behind `last`, at most 20.
  Result<std::vector<UnappliedRow>> Unapplied(const UnappliedRow& last);

  // Events that were kept aside before `before` (UTC text) and whose id has not counted; the oldest
  // 200.
  Result<std::vector<EventRow>> UnappliedDiverged(const std::string& before);

  Status Write(const Changes& changes, uint64_t position);
  Status Commit() { return sql_.Commit(); }

  // The newest streams of each store as committed, with what they owe.
  using Confirmed = std::map<std::string, std::vector<wire::StreamConfirm>>;
  Result<Confirmed> ReadConfirmed(const std::vector<std::string>& stores, size_t most);
  Result<std::vector<StreamRow>> AllStreams();
  Result<uint64_t> StreamCount(const std::string& store);
  // Those that have seen a number above their watermark.
  Result<std::vector<StreamRow>> OpenStreams();
  Result<std::vector<std::pair<StreamKey, GapRow>>> Gaps();

  // Counted events in order.
  Result<std::vector<EventRow>> Counted(uint64_t after, uint64_t most);
  Status ClearLedger();
  Status WriteMovements(const std::vector<MovementRow>& movements);

  // tables_receipts.cc: what a warehouse reads.
  Status WriteReceipts(const std::vector<Receipt>& receipts);
  // Those behind position `after` up to `through`.
  Status ClearReceipts(uint64_t after, uint64_t through);
  // Receipts of events that an older program counted.
  struct ReceiptFill {
    uint64_t through = 0;  // has been filled up to here
    uint64_t end = 0;      // and is to be filled up to here
    bool complete() const { return through >= end; }
  };
  static ReceiptFill FillOf(const Rows& rows);
  Result<ReceiptFill> ReadReceiptFill();
  Status SaveReceiptFill(uint64_t through);

  // tables_age.cc. Time that was seen to pass, in seconds: adds to the row if it is as expected,
  // else another collector has counted. Gives what the row says then. A transaction of its own, as
  // are the next and Purge.
  Result<int64_t> CountSeen(std::optional<int64_t> expected, int64_t seconds);
  // At that moment the last position was this one.
  Status SaveAgeMark(int64_t seen_s, uint64_t position);
  Result<uint64_t> PositionMarkedBy(int64_t seen_s);  // 0: nothing was marked by then
  Result<std::map<std::string, PurgedRanges>> ReadForgotten();
  // Deletes at most `most` of the oldest counted events, up to position `through`, and notes when
  // they were recorded. Gives how many.
  Result<uint64_t> Purge(uint64_t through, uint64_t most);

 private:
  void AddCalls(const Wanted& wanted, std::vector<Call>* calls, std::deque<Input>* inputs);
  Result<Found> Collect(const std::vector<Rows>& rows);
  Status WriteEvents(const Changes& changes);
  Status WriteLedger(const Changes& changes);
  Status WriteNegatives(const Changes& changes);
  Status WriteRest(const Changes& changes);
  Status WriteDoubtful(const Changes& changes);
  Status ForgetRows(const Rows& rows, size_t count);
  Status WriteForgotten(const std::map<std::string, PurgedRanges>& forgotten);
  Status WriteUnapplied(const Changes& changes);

  Sql& sql_;
  const sql::LedgerStatements& ledger_;
};

}  // namespace tillrelay::collector
