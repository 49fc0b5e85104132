// What: the journal's file as one thread sees it: tables, numbers, chain, duplicates, quarantine.
// Promise: docs/journal.md. Between Begin and Commit nothing is visible outside; after Rollback, or
//   after a failed Commit, the object shows the last committed state.
// Thread: journal.
// Errors: full, busy (another program holds the file), both rolled back; corrupt (rows missing or
//   damaged), conflict (newer schema, another store's file), unavailable (I/O; reopen).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/journal/age/age_marks.h"
#include "agent/journal/age/forget_ids.h"
#include "agent/journal/id_blocks.h"
#include "agent/journal/issue_table.h"
#include "agent/journal/quarantine.h"
#include "agent/journal/query/chain_reader.h"
#include "agent/journal/query/history.h"
#include "agent/journal/record.h"
#include "agent/journal/repair/take_over.h"
#include "agent/journal/repair/witness.h"
#include "agent/journal/retold.h"
#include "agent/journal/store_options.h"
#include "agent/journal/taking_back.h"
#include "common/base/files.h"
#include "common/base/random.h"
#include "common/event/bookkeeper.h"
#include "common/sqlite/sqlite.h"

namespace tillrelay::journal {

class JournalStore : private TakeOverTarget {
 public:
  // Creates an empty journal or opens an existing one; takes the lock file.
  static Result<std::unique_ptr<JournalStore>> Open(const StoreOptions& options, WallTime now,
                                                    Random* random);
  // The same under a lock that is held already, and is taken over if the file could be opened.
  // `lock` may be null for a file that nobody else can know (one that is being made).
  static Result<std::unique_ptr<JournalStore>> OpenLocked(const StoreOptions& options, WallTime now,
                                                          Random* random, Fd* lock);

  Status Begin();
  Result<std::vector<AppendResult>> Append(const AppendRequest& request, WallTime now);
  Status Audit(const AuditRow& row, WallTime now);
  // Of the current stream. `through` may be lower than before: the collector was restored.
  void SaveConfirmed(uint64_t through, const wire::Chain& chain);
  // Of any stream, with what is owed; a stream that is not ours changes nothing.
  Status SaveConfirmation(const Confirmation& word);
  void SaveAcked(uint64_t through);
  // Numbers of ours that are gone: the `loss` event and its row, once for each range. They are over
  // once head office has the stream up to there, or knows what of it is lost.
  Status DeclareLoss(const wire::Lost& loss, WallTime now);
  Status PassLosses(const Confirmation& word);
  // A stream of this store that is not here, and a person knows it.
  Status AcknowledgeStream(const std::string& stream, WallTime now);
  Status Commit();
  void Rollback();

  // A new stream in this file, in a transaction of its own: every row from `position` on goes on
  // under its numbers, behind its `stream_opened`; ids, times and data stay.
  // `gone`: numbers that are declared with it.
  Status Fork(uint64_t position, const std::string& reason, WallTime now, Random* random,
              const std::vector<wire::Lost>& gone = {});

  // trim.cc. Deletes at most one block of kMarkEvery rows that are confirmed (and, with a permit,
  // lie within it) and at least `keep` old, in a transaction of its own. True: there may be more.
  Result<bool> Trim(Duration keep, const DeletionPermit* permit = nullptr);

  // The same for want of room, whatever the age: the oldest block, and how far this went, durably.
  // True: a block was deleted.
  Result<bool> TrimForRoom(const DeletionPermit& permit);
  // recorded_at of the newest event that TrimForRoom has deleted in this file; the epoch for none.
  WallTime cut_short_through() const { return cut_short_through_; }
  // recorded_at of the oldest event from which on everything is kept; the epoch if none is.
  WallTime OldestKeptAt();
  struct PageUse {
    uint64_t file_bytes = 0;      // with what is still only in the log
    uint64_t reusable_bytes = 0;  // of them free pages, which are written before the file grows
  };
  Result<PageUse> Pages();

  // Counts the time that passes; to be called at least every few seconds. What is due is written in
  // a transaction of its own, unless `save` is false.
  Status Observe(Instant tick, WallTime wall, bool save = true);
  // Head office's clock agreed with ours at `at`, when ours showed `own`.
  void ClocksAgreed(Instant at, WallTime own) { ages_.Agree(at, own); }
  Status SaveObservedTime();
  AgeMarks& ages() { return ages_; }

  // One small step of forgetting ids, pages and audit lines that are at least `keep` old. Events
  // are kept for `keep_events`.
  Status Forget(Instant tick, Duration keep, Duration keep_events = Duration(0));

  // One block of ids, if one is missing. True: there may be more.
  Result<bool> FillIdBlocks() { return id_blocks_.MakeOne(committed_.base + committed_.head); }

  // Nothing is written where the file has no place for it.
  Status SaveHistory(const HistoryPoint& minute) {
    return has_history_ ? history_.Save(minute) : Status::Ok();
  }

  IssueTable& issues() { return issues_; }
  Status OpenIssues() { return issues_.Open(&db_, &issues_found_); }
  const std::vector<IssueRow>& issues_found() const { return issues_found_; }

  // One step of bringing over what damaged journals still hold, in a transaction of its own. True:
  // there is more.
  Result<bool> StepTakeOver(WallTime now);
  TakeOver& take_over() { return take_over_; }
  const TakeOver& take_over() const { return take_over_; }

  // What a witness saw and this file does not have.
  std::vector<wire::Lost> MissingOf(const Witness& witness, bool more_given);
  // It is declared. True: there was any. `more_given`: so were probably numbers that the witness
  // has not seen.
  Result<bool> DeclareMissing(const Witness& witness, bool more_given, WallTime now,
                              Random* random);
  // Notes a damaged file that is still to be taken over.
  Status BeginTakeOver(const std::vector<TakeOverRow>& rows, WallTime now);
  Status CloseWhole();        // so that nothing of it lies beside it
  Witness WitnessOf() const;  // that this file's state makes
  Status ExpectWitness();     // from now on a missing one means that something is wrong
  bool expects_witness() const { return expects_witness_; }

  const StreamRow& current() const { return committed_; }
  uint64_t floor() const { return streams_.back().floor; }
  const std::vector<StreamRow>& streams() const { return streams_; }  // the current one is last
  std::vector<OwedEvent> Owed() const;
  // Declared and not passed by a confirmation yet.
  const std::vector<wire::Lost>& losses() const { return losses_; }
  std::vector<wire::Lost> LossesLeft() const;  // without the numbers that it has passed meanwhile
  const std::vector<std::string>& acknowledged_streams() const { return acknowledged_; }
  bool quarantine_full() const { return quarantine_.full(); }
  uint64_t quarantined() const { return quarantine_.count(); }
  Result<WallTime> RecordedAt(uint64_t position);  // the epoch: not kept
  Status Checkpoint(bool restart) { return db_.Checkpoint(restart); }
  Status RestartLog() { return db_.RestartLog(); }
  Status TruncateLog() { return db_.TruncateLog(); }
  Status SyncLog() { return db_.SyncLog(); }
  Status ProbeLock() { return db_.ProbeLock(); }
  const std::string& path() const { return options_.path; }

 private:
  explicit JournalStore(const StoreOptions& options)
      : options_(options),
        quarantine_(options.quarantine_max_count, options.quarantine_max_bytes) {}
  Status Load(WallTime now, Random* random);
  Status BindStore(WallTime now);
  Status CreateStream(WallTime now, Random* random, const std::string& reason);
  Status LoadStreams();
  Status LoadOwed();
  Status CheckHead();
  Status CheckFloors();
  Status OpenStreamAt(uint64_t position, const std::string& reason, WallTime now, Random* random);
  Status CutAt(uint64_t position, StreamRow* row);
  Status OpenBehind(const StreamRow& cut, const StreamRow& fresh, const std::string& reason,
                    WallTime now);
  Status Renumber(StreamRow* fresh);
  Status SaveStream(const StreamRow& row, WallTime opened_at = {}, const std::string& reason = {});
  Status SaveMark(const std::string& stream, uint64_t sequence, const wire::Chain& chain);
  Status SaveOwed(const StreamRow& row, const Confirmation& word);
  std::optional<uint64_t> OldestBlock(const DeletionPermit* permit) const;
  Status LoadCutShort();
  uint64_t Deletable(const StreamRow& row, const DeletionPermit* permit) const;
  Status Prepare();
  Status SavePages();
  Status AppendEvent(const event::Draft& draft, const std::string& sender, WallTime now,
                     AppendResult* receipt);
  Status AppendUnfit(const RejectedDocument& unfit, const std::string& sender, WallTime now,
                     AppendResult* receipt);
  Status Insert(const event::Draft& draft, WallTime now, AppendResult* receipt);
  Result<TakingBack> JudgeTakingBack(const event::Draft& draft, bool new_number);
  // As the next number of the current stream; gives the row its position.
  struct EventColumns {
    const Uuid& id;
    std::string_view kind, subject, time, data;
    const Sha256Digest& data_digest;
    WallTime recorded_at;
  };
  Result<uint64_t> InsertEvent(const EventColumns& event);

  // TakeOverTarget
  Result<uint64_t> AppendOld(const Row& row) override;
  Status AddKnown(const KnownRow& known) override;
  Result<uint64_t> KnownAt(const std::string& key, const Uuid& id) override;
  Status MoveKnown(const KnownRow& known) override;
  Result<std::vector<uint64_t>> ToldAs(const KnownRow& known) override;
  Status DeclareGone(const wire::Lost& loss) override;
  Result<Uuid> IdAt(uint64_t position) override;
  Result<uint64_t> PositionOf(const Uuid& id) override;
  // Of events that were declared lost nothing is known any more.
  Result<std::vector<Known>> FindKnown(const event::Draft& draft);
  Status ForgetGone(const std::string& key, std::vector<Known>* known);
  Result<bool> IsGone(uint64_t position);
  Status FetchOld(const event::Identity& identity);  // from what is being taken over
  // True: the same was stored when settings were different; the receipt is that of then. Else
  // `others` of other days may be it.
  Result<bool> WasTold(const event::Identity& identity, std::optional<int64_t> at_s,
                       AppendResult* receipt, std::vector<event::Telling>* others);
  Status SaveGone(const wire::Lost& loss);
  // Nothing: it is new, or a number used again. `others`: on other days, perhaps the same.
  Result<std::optional<event::Rejection>> Contradiction(const event::Draft& draft,
                                                        const std::vector<Known>& known,
                                                        const std::vector<event::Telling>& others,
                                                        WallTime now);
  Result<bool> Reused(const event::Draft& draft, const std::vector<Known>& known, WallTime now);
  Status MarkFile(const FileMark& mark, uint64_t events);
  void FirstReceipt(uint64_t position, AppendResult* receipt) const;

  const StoreOptions options_;
  const std::string boot_id_ = BootId();
  Fd lock_;
  sqlite::Database db_;
  struct Statements {
    sqlite::Statement insert_event, find_known, insert_known, add_known, known_at, forget_known;
    sqlite::Statement insert_mark, save_stream, insert_file, insert_audit, load_page, save_page;
    sqlite::Statement move_known, recorded_at, id_at, delete_rows, insert_owed, delete_owed;
  };
  Statements sql_;
  Quarantine quarantine_;
  AgeMarks ages_;
  IdForgetter forgetter_;
  HistoryWriter history_;
  IdBlockWriter id_blocks_;
  IssueTable issues_;
  std::vector<IssueRow> issues_found_;  // by the opening
  Retold retold_;
  std::vector<StreamRow> streams_;  // in order of base
  StreamRow committed_, pending_;
  std::vector<StreamRow> pending_older_;  // changed in this transaction
  std::set<uint64_t> owed_;               // positions
  std::vector<wire::Lost> losses_;
  std::map<std::string, uint64_t> passed_;  // stream -> what head office has said of it
  std::map<uint64_t, uint64_t> gone_;       // first -> last position of what was declared lost
  std::vector<std::string> acknowledged_;
  ChainReader chains_;
  TakeOver take_over_;
  WallTime take_over_at_{};  // of the step that runs
  bool has_history_ = false, expects_witness_ = false;
  WallTime cut_short_through_{}, oldest_kept_at_{};
  uint64_t oldest_position_ = 0;                         // of oldest_kept_at_
  bool in_transaction_ = false, lists_changed_ = false;  // owed_ or losses_, in this transaction
};

}  // namespace tillrelay::journal
