// What: the durable truth: everything accepted, numbered, chained and kept until the centre has it.
// Promise (docs/journal.md, tests/unit/agent/journal):
//   1. `done` says stored only after the commit is on disk.
//   2. Numbers are contiguous; nothing refused uses one.
//   3. The same identity is stored once; a repeat gets the first receipt.
//   4. One thread owns the only writing connection and every checkpoint.
//   5. After a failed commit every append fails until the file was reopened and checked.
//   6. Only confirmed rows are deleted: past their retention, or, where there is no room, before
//   it,
//      the oldest first.
//   7. On a full disk nothing accepted is touched and watermarks still move; what deleted events
//      leave is room again.
//   8. A file that another program holds locked is busy, not broken: new events are refused while
//      that lasts, and accepted within a second of its end.
// Thread: any may call; the work happens on the thread `journal`, which this object owns.
// Errors: full (queue, disk or quarantine: slow down), busy (try again), unavailable (poisoned, or
//   stopping).
// Limits: 8,192 events or 32 MiB waiting; 1,024 events or 4 MiB a group, one request never split.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "agent/journal/ballast.h"
#include "agent/journal/journal_stats.h"
#include "agent/journal/record.h"
#include "agent/journal/repair/file_watch.h"
#include "agent/journal/repair/salvage.h"
#include "agent/journal/room.h"
#include "agent/journal/store.h"
#include "common/base/clock.h"
#include "common/base/inbox.h"
#include "common/base/log.h"
#include "common/base/random.h"

namespace tillrelay::journal {

struct JournalOptions {
  StoreOptions store;
  std::chrono::hours retention{30 * 24};
  std::chrono::hours id_retention{400 * 24};  // ids, keys, pages of the books, audit
  uint64_t max_bytes = 0;                     // 0: no limit of our own
  uint64_t min_free_bytes = 64 * 1024 * 1024;
  bool confirm_by_broker = false;
  size_t queue_events = 8192;
  size_t queue_bytes = 32 * 1024 * 1024;
  std::chrono::milliseconds idle_tick{1000};        // trimming and repair
  std::function<void(const StreamRow&)> on_growth;  // after a commit, on the journal thread
  std::function<void()> beat;                       // the loop moves
  // One step that cannot beat begins, and may take so long.
  std::function<void(std::chrono::seconds)> expect_silence;
  // PageRequest at every tick, on the journal thread: a minute of the history that has ended.
  std::function<std::optional<HistoryPoint>(const JournalStats&)> history;
  // At every tick and behind every audit line, on the journal thread: rows of the list of issues
  // that have changed, or all of them for a file that may have none.
  std::function<std::vector<IssueRow>(bool all)> issues;
};

// How long opening may take before its first progress: the log that a stop has left is read in one
// step.
std::chrono::seconds OpeningPatience(const std::string& path);

class Journal {
 public:
  // Opens or creates the file and starts the thread.
  static Result<std::unique_ptr<Journal>> Open(JournalOptions options, const Clock* clock,
                                               Random* random);
  ~Journal();

  // Ok: `request.done` will be called. Otherwise it will not, and nothing is stored. A request that
  // resolves a ticket is a transaction of its own.
  Status Submit(AppendRequest&& request);
  // The same answer as Submit would give, nothing stored.
  Status Try(AppendRequest&& request);

  // Written with the next group; lost only with it.
  void Audit(AuditRow row);
  void SaveConfirmation(Confirmation word);
  void SaveAcked(const std::string& stream, uint64_t through);
  // A person knows that head office has a stream of this store that is not here.
  void AcknowledgeStream(const std::string& stream);
  // The numbers are gone: an event `loss`, once for each range.
  void DeclareLoss(wire::Lost loss);
  // A reader has met a damaged row: the file is salvaged into a new one within a second or two.
  void Damaged(const std::string& why);
  // Everything from `position` on moves to a new stream. `on_growth` tells of it; a fork that fails
  // leaves all as it was and is reported.
  void Fork(uint64_t position, const std::string& reason);

  // Rows of this stream are deleted only up to `through` and until then: what a live confirmation
  // left without doubt. Replaces what was allowed for the stream before.
  void AllowDeletion(const std::string& stream, uint64_t through, Instant until);

  // Head office has a stream up to there, or knows what of it is lost; its losses are over so far.
  void PassLosses(Confirmation word);

  // Head office's clock was `ahead` of ours at `at`, when ours showed `own`.
  void ClocksCompared(Instant at, WallTime own, Duration ahead);
  // What an earlier life heard of it, so that this one need not wait for head office.
  std::optional<ClockTrust::Agreed> clock_agreed() const { return clock_agreed_; }
  // As of the last tick: how old something is at least.
  ObservedTime Observed() const;
  // What the file held at its opening; once.
  std::vector<IssueRow> PopIssuesFound() { return std::exchange(issues_found_, {}); }

  JournalStats Stats() const;
  // As committed, by number, the current one last.
  std::vector<StreamRow> Streams() const;
  std::vector<OwedEvent> Owed() const;
  std::vector<wire::Lost> Losses() const;
  // Empty when Submit would accept, else why not.
  std::string Refusing() const;
  // Finishes what is queued, then stops the thread and closes the file.
  void Stop();

 private:
  enum class Order {
    kAppend,
    kDryRun,
    kWord,
    kAcked,
    kAudit,
    kLoss,
    kFork,
    kDamaged,
    kAcknowledge,
    kPassed,
    kClock
  };
  struct Message {
    Order order = Order::kAppend;
    AppendRequest append;
    std::string stream;    // kAcked; the reason of kFork
    uint64_t through = 0;  // kAcked; the position of kFork
    Confirmation word;     // kWord, kPassed
    wire::Lost loss;
    std::optional<ClockTrust::Agreed> clock;  // kClock; none: it cannot be trusted
  };
  Status BeginForCentre();
  Status Refusal() const;  // why Submit would not accept
  using Answers = std::vector<Result<std::vector<AppendResult>>>;

  Journal(JournalOptions options, const Clock* clock, Random* random);
  void Run();
  void RunGroup(std::vector<Message>& messages, size_t first, size_t last);
  Status WriteGroup(std::vector<Message>& messages, size_t first, size_t last, Answers* answers);
  static bool Exclusive(const Message& message);
  // In a transaction of its own: takes nothing, unless everything can be taken.
  void RunExclusive(Message* message);
  void RunFork(Message& message);
  Status Apply(const Message& message, WallTime now);
  void ObserveTime();
  void Trim();
  void Failed(const Status& failure);
  void DiskFull();
  bool StartLogOver();
  // Another program holds the file: `Locked` says so, `ProbeLock` finds out when that is over.
  void Locked(const Status& busy);
  void ProbeLock();
  // A transaction may begin.
  bool Usable() const { return store_ && working_.poisoned.empty() && working_.busy.empty(); }
  void PutBack(std::vector<Message>& messages, size_t first, size_t last);
  void Repair();
  void Salvaged(const struct Salvaged& salvaged);
  bool TakeOverStep();
  void TakeOverAtOpen();
  void WatchFiles();
  Status StillOurs();
  Status RestoreFile();
  void WitnessCommit();
  void WitnessTick();
  void WitnessEmptyLog();
  bool WriteWitness(const Witness& marks, bool sync);
  Status BeginWitness();
  void CloseStore();
  void Tick();
  void FillIdBlocks();
  void KeepHistory();
  void KeepIssues();
  DeletionPermit Permit() const;
  RoomSample Measure();
  void CheckRoom();
  Room MakeRoom();
  bool HasReserve(const RoomSample& sample);
  void BoundLog(uint64_t limit_bytes);
  void ExpectLongCheckpoint();
  void Forecast();
  void Count(const std::vector<AppendResult>& receipts);
  void UpdateStats();

  const JournalOptions options_;
  const Clock& clock_;
  Random& random_;
  Inbox<Message> inbox_;
  std::unique_ptr<JournalStore> store_;
  Ballast ballast_;
  log::RateLimitedLog trouble_{log::Level::kError, "journal"};
  uint64_t appended_bytes_ = 0;
  Instant opened_at_{};
  Instant last_tick_{};
  std::optional<ClockTrust::Agreed> clock_agreed_;  // as found at the start
  std::string damaged_;    // why the next repair salvages; empty: it does not
  bool vanished_ = false;  // the file has lost its name and could not be put back yet
  std::vector<IssueRow> issues_found_;
  bool all_issues_ = false;       // the file may have none of them
  bool issues_given_up_ = false;  // their table cannot be used
  Instant issues_forgotten_{};
  WitnessFile witness_;
  FileWatch watch_;
  log::RateLimitedLog witness_trouble_{log::Level::kWarning, "journal"};
  RoomSample sample_;
  uint64_t room_bytes_ = 0;  // as of the last look
  // Confirmations and audit lines of groups that found the file locked.
  std::vector<Message> put_back_;
  JournalStats working_;         // journal thread only
  uint64_t oldest_waiting_ = 0;  // its position; journal thread only

  mutable Mutex mutex_;
  // Guarded by mutex_:
  JournalStats stats_ GUARDED_BY(mutex_);
  struct Allowed {
    uint64_t through = 0;
    Instant until{};
  };
  std::map<std::string, Allowed> allowed_ GUARDED_BY(mutex_);  // of streams of this file
  struct Agreement {
    Instant at{};
    WallTime own{};
  };
  std::optional<Agreement> agreed_ GUARDED_BY(mutex_);
  std::optional<bool> trust_saved_ GUARDED_BY(mutex_);  // none: not in this life
  Instant trust_saved_at_ GUARDED_BY(mutex_){};
  ObservedTime observed_ GUARDED_BY(mutex_);

  std::thread thread_;
};

}  // namespace tillrelay::journal
