// What: the journal's file as one thread sees it: tables, numbers, chain, duplicates, quarantine.
// Promise: docs/journal.md. Between Begin and Commit nothing is visible outside; after Rollback, or
//   after a failed Commit, the object shows the last committed state.
// Thread: journal.
// Errors: full (no room; rolled back cleanly), corrupt (rows missing or damaged), conflict (newer
//   schema, or the file belongs to another store), unavailable (I/O; reopen before going on).
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/journal/chain_reader.h"
#include "agent/journal/history.h"
#include "agent/journal/id_blocks.h"
#include "agent/journal/quarantine.h"
#include "agent/journal/record.h"
#include "agent/journal/retention.h"
#include "common/base/files.h"
#include "common/base/random.h"
#include "common/event/bookkeeper.h"
#include "common/sqlite/sqlite.h"

namespace tillrelay::journal {

struct StoreOptions {
  std::string path;
  std::string store_id;
  std::string vfs;  // tests: a disk that fails or forgets
  uint64_t quarantine_max_count = 10'000;
  uint64_t quarantine_max_bytes = 64 * 1024 * 1024;
  event::Bookkeeper* books = nullptr;  // outlives the store; none: no books are kept
};

class JournalStore {
 public:
  // Creates an empty journal or opens an existing one; takes the lock file.
  static Result<std::unique_ptr<JournalStore>> Open(const StoreOptions& options, WallTime now,
                                                    Random* random);

  Status Begin();
  Result<std::vector<Receipt>> Append(const AppendRequest& request, WallTime now);
  Status Audit(const AuditRow& row, WallTime now);
  // Of the current stream. `through` may be lower than before: the collector was restored.
  Status SaveConfirmed(uint64_t through, const wire::Chain& chain);
  // Of any stream, with what is owed; a stream that is not ours changes nothing.
  Status SaveWord(const StreamWord& word);
  Status SaveAcked(uint64_t through);
  // Numbers of ours that are gone: the `loss` event and its row, once for each range.
  Status DeclareLoss(const LossRow& loss, WallTime now);
  Status Commit();
  void Rollback();

  // A new stream in this file, in a transaction of its own: every row from `position` on goes on
  // under its numbers, behind its `stream_opened`; ids, times and data stay.
  Status Fork(uint64_t position, const std::string& reason, WallTime now, Random* random);

  // Deletes at most one block of kMarkEvery rows that are confirmed (and, with a permit, lie within
  // it) and older than `before`, in a transaction of its own. True: there may be more.
  Result<bool> Trim(WallTime before, const DeletionPermit* permit = nullptr);

  // One small step of forgetting ids, pages and audit lines.
  Status Forget(const Retention::Moment& moment);

  // One block of ids that is missing, if one is. True: there may be more.
  Result<bool> FillIdBlocks() { return id_blocks_.MakeOne(committed_.base + committed_.head); }

  // Nothing is written where the file has no place for it.
  Status SaveHistory(const HistoryPoint& minute) {
    return has_history_ ? history_.Save(minute) : Status::Ok();
  }

  // For salvage.cc: fills this empty journal from a damaged one; what it holds then moves to a new
  // stream.
  Status TakeOver(sqlite::Database* damaged, struct Salvaged* told);
  Status FinishTakeOver(WallTime now, Random* random);

  const StreamRow& current() const { return committed_; }
  uint64_t floor() const { return streams_.back().floor; }
  // By number; the last one is the current one.
  const std::vector<StreamRow>& streams() const { return streams_; }
  std::vector<OwedEvent> Owed() const;
  // Declared and not passed by a confirmation yet.
  const std::vector<LossRow>& losses() const { return losses_; }
  // The last failed append failed because the quarantine has no room.
  bool quarantine_full() const { return quarantine_.full(); }
  uint64_t quarantined() const { return quarantine_.count(); }
  // recorded_at of a kept number of the current stream; the epoch if it is not kept.
  Result<WallTime> RecordedAt(uint64_t sequence);
  Status Checkpoint(bool restart) { return db_.Checkpoint(restart); }

 private:
  explicit JournalStore(const StoreOptions& options)
      : options_(options),
        quarantine_(options.quarantine_max_count, options.quarantine_max_bytes) {}
  Status Lock();
  Status Load(WallTime now, Random* random);
  Status BindStore(WallTime now);
  Status CreateStream(WallTime now, Random* random, const std::string& reason);
  Status LoadStreams();
  Status LoadOwed();
  Status CheckHead();
  Status CutAt(uint64_t position, StreamRow* row);
  Status OpenBehind(const StreamRow& cut, const StreamRow& fresh, const std::string& reason,
                    WallTime now);
  Status Renumber(StreamRow* fresh);
  Status SaveStream(const StreamRow& row);
  Status SaveMark(const std::string& stream, uint64_t sequence, const wire::Chain& chain);
  Status SaveOwed(const StreamRow& row, const StreamWord& word);
  uint64_t Deletable(const StreamRow& row, const DeletionPermit* permit) const;
  Status Prepare();

  Status AppendEvent(const event::Draft& draft, WallTime now, Receipt* receipt);
  Status Insert(const event::Draft& draft, WallTime now, Receipt* receipt);
  // What is known under the draft's key.
  struct Known {
    Uuid id{};
    bool same_digest = false;
    bool other_money = false;  // currency, totals, prices or tenders contradict
    uint64_t position = 0;
    std::optional<int64_t> at_s;
  };
  Result<std::vector<Known>> FindKnown(const event::Draft& draft);
  // Empty: it is new, or a number used again; else the reason of its quarantine.
  Result<std::string> Contradiction(const event::Draft& draft, const std::vector<Known>& known,
                                    WallTime now);
  Status MarkFile(const FileMark& mark, uint64_t events, WallTime now);
  void FirstReceipt(uint64_t position, Receipt* receipt) const;

  const StoreOptions options_;
  Fd lock_;
  sqlite::Database db_;
  struct Statements {
    sqlite::Statement insert_event, find_known, insert_known, insert_mark, update_head;
    sqlite::Statement insert_file, insert_audit, load_page, save_page;
    sqlite::Statement update_confirmed, update_acked, recorded_at, delete_rows;
    sqlite::Statement insert_owed, delete_owed;
  };
  Statements sql_;
  Quarantine quarantine_;
  Retention retention_;
  HistoryWriter history_;
  IdBlockWriter id_blocks_;
  bool has_history_ = false;
  std::vector<StreamRow> streams_;  // in order of base
  StreamRow committed_, pending_;
  std::vector<StreamRow> pending_older_;  // changed in this transaction
  std::set<uint64_t> owed_;               // positions
  std::vector<LossRow> losses_;
  std::vector<LossRow> lost_;  // between TakeOver and FinishTakeOver
  ChainReader chains_;
  bool in_transaction_ = false;
  bool lists_changed_ = false;  // owed_ or losses_, in this transaction
};

}  // namespace tillrelay::journal
