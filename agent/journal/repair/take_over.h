// What: brings over, step by step and while the journal already accepts, what a damaged journal
// that
//   was set aside still holds: unconfirmed events, known ids, taken files, audit. How far it has
//   come is durable (tables take_over, take_over_run), so that a stop at any moment costs nothing.
// Promise: every unconfirmed event of the old file is, in the end, in the new one under its old id,
//   or declared lost under its old number. A document that is told again meanwhile is looked for in
//   the old file first, so it is known again as if everything had been brought over. A document's
//   key and digest follow from its event as well: it is known again even where the list of known
//   ids is gone or has holes, whether it was delivered or not, as long as its event is kept; and
//   what was told again before its turn is not brought over twice. An id whose
//   event is gone is forgotten. What the broker alone has acknowledged, and is still kept, comes
//   last: it is sent again, since a mark in a damaged file is no proof, and head office may never
//   have been there. The old file is only read.
// Thread: journal. Everything happens in a transaction of the store's.
// Errors: those of writing. What cannot be read in the old file is no error.
// Limits: kRowsPerStep rows a step; the pages of the old file are searched kScanBytes a step.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/journal/record.h"
#include "agent/journal/repair/raw_rows.h"
#include "agent/journal/stream_row.h"
#include "common/sqlite/sqlite.h"

namespace tillrelay::journal {

// What of one stream of a damaged journal is still to be taken over: a row of table `take_over`.
// The last row of a file is that of its youngest stream; what is no event comes with it.
struct TakeOverRow {
  uint64_t number = 0;
  std::string file;      // beside the journal
  std::string stream;    // whose numbers are declared when they are gone; empty: nobody knows it
  uint64_t base = 0;     // of that stream
  uint64_t first = 0;    // its positions below were delivered
  uint64_t last = 0;     // the highest that is known to have been given
  bool youngest = true;  // there may be events behind `last`
  bool open = false;     // higher ones may have been given
  int step = 0;
  uint64_t position = 0;      // of the next event
  uint64_t missing_from = 0;  // the hole that is being passed; 0: none
  uint64_t taken = 0, lost = 0;
  std::string cursor_1, cursor_2;  // last key of a side table, from the front or the back
};

// A row of table `known`.
struct KnownRow {
  std::string key;
  Uuid id{};
  std::string digest;
  uint64_t position = 0;
  std::optional<int64_t> at_s;
};

// Where it all goes: the store, inside its transaction.
class TakeOverTarget {
 public:
  virtual ~TakeOverTarget() = default;
  // As the next event of the current stream, with its id, times and data; its new position.
  virtual Result<uint64_t> AppendOld(const Row& row) = 0;
  // Where key and id are known already at that position, the fuller digest is kept.
  virtual Status AddKnown(const KnownRow& known) = 0;
  // The position under which key and id are known; 0: they are not.
  virtual Result<uint64_t> KnownAt(const std::string& key, const Uuid& id) = 0;
  virtual Status MoveKnown(const KnownRow& known) = 0;  // to its position
  // Where the same document stands under whatever key, by its number, moment and content.
  virtual Result<std::vector<uint64_t>> ToldAs(const KnownRow& known) = 0;
  virtual Status DeclareGone(const wire::Lost& loss) = 0;
  virtual Result<Uuid> IdAt(uint64_t position) = 0;  // not found: no such event
  // Of all events, 0: there is none. Slow.
  virtual Result<uint64_t> PositionOf(const Uuid& id) = 0;
};

class TakeOver {
 public:
  static constexpr int kRowsPerStep = 512;
  static constexpr size_t kScanBytes = 16 * 1024 * 1024;

  // Loads what is still to be done. `folder`: where the old files lie.
  Status Open(sqlite::Database* db, const std::string& folder, const std::string& vfs,
              TakeOverTarget* target);
  bool pending() const { return !jobs_.empty(); }
  // Events that are still to come, as far as one can know.
  uint64_t remaining() const;
  // The damaged file that is being read; empty: none.
  std::string file() const { return jobs_.empty() ? std::string() : jobs_.front().row.file; }
  // What has been finished since the last call.
  std::vector<TakeOverRow> PopFinished() { return std::exchange(finished_rows_, {}); }

  // In a transaction. True: there is more to do.
  Result<bool> Step();
  // In a transaction, before keys from `first` to `last` are looked up: brings over what the old
  // files know of them.
  Status Fetch(const std::string& first, const std::string& last);
  Status Fetch(const std::string& key) { return Fetch(key, key); }
  // The same of a document that settings named otherwise then, by the digest of its bytes.
  Status FetchBytes(uint64_t digest);
  void Committed();
  Status RolledBack();

 private:
  struct Run {
    uint64_t first, last, position;  // old positions, and the new one of the first
    bool changed;                    // not saved yet
    uint64_t PositionOf(uint64_t old_position) const { return position + (old_position - first); }
  };
  struct Job {
    TakeOverRow row, committed;
    std::vector<Run> runs;  // by `first`
    sqlite::Database db;
    sqlite::Statement event, known, next_event;                      // not prepared: cannot be read
    std::optional<std::unordered_map<uint64_t, std::string>> moved;  // bytes -> key; none: not read
    int tries = 0;                                                   // to open it
    std::optional<uint64_t> foreign_from;  // ForeignFrom; none: not looked
    std::unique_ptr<RawRows> raw;
  };
  Status LoadRuns(Job* job);
  bool OpenSource(Job* job);
  Job* YoungestOf(const std::string& file);
  uint64_t ForeignFrom(Job* job);
  static uint64_t MissingFrom(const std::vector<StreamRow>& ours,
                              const std::vector<StreamRow>& theirs, const std::string& youngest);
  uint64_t UnprovenFrom(const std::vector<StreamRow>& ours, const std::string& file);
  bool ChainHolds(Job* job, const StreamRow& row);
  Status StepDelivered(Job* job);
  Status TakeDelivered(const Row& row, bool confirmed);
  Status Save(Job* job);
  void AddRun(Job* job, uint64_t old_position, uint64_t position);
  const Run* RunOf(const Job& job, uint64_t old_position) const;
  Job* JobOf(const std::string& file, uint64_t old_position);
  Job* NextOwner(const Job& older, uint64_t position);
  Job* Current();
  std::optional<Row> ReadEvent(Job* job, uint64_t position, bool* changed = nullptr);
  std::vector<Row> RowsAt(Job* job, uint64_t position);
  std::optional<uint64_t> NextKept(Job* job, uint64_t position);
  Result<bool> TakeEvent(Job* job, uint64_t position);
  Result<uint64_t> TakeRow(const Row& row, uint64_t own);
  uint64_t NextEvent(Job* job, uint64_t position);
  Result<bool> SearchPages(Job* job);
  Status EndHole(Job* job, uint64_t behind, bool open);
  Status StepEvents(Job* job);
  Status EndOfEvents(Job* job);
  static KnownRow KnownFrom(const sqlite::Statement& row);
  static bool ListIsRead(const Job& job);
  static void LoadMoved(Job* job);
  Result<bool> Brought(uint64_t position);
  Status BringNow(Job* job, const KnownRow& known);
  Status TakeKnown(const std::string& file, KnownRow known, bool on_demand);
  Status TakeSideRow(Job* job, const sqlite::Statement& row);
  Status StepTable(Job* job);

  sqlite::Database* db_ = nullptr;
  std::string folder_, vfs_;
  TakeOverTarget* target_ = nullptr;
  sqlite::Statement save_, save_run_, forget_, forget_runs_, insert_file_, insert_audit_;
  std::vector<Job> jobs_;  // by number
  std::vector<TakeOverRow> finished_rows_;
  bool changed_ = false;  // in this transaction
  std::string finished_;  // the file that is done with it
};

// Makes the durable row, in the transaction that makes the new journal.
Status InsertTakeOver(sqlite::Database* db, const TakeOverRow& row);

}  // namespace tillrelay::journal
