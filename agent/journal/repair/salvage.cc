#include "agent/journal/repair/salvage.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "agent/journal/age/age_marks.h"
#include "agent/journal/ballast.h"
#include "agent/journal/event_row.h"
#include "agent/journal/issue_table.h"
#include "agent/journal/paths.h"
#include "agent/journal/repair/log_tail.h"
#include "agent/journal/repair/replacement.h"
#include "agent/journal/schema.h"
#include "agent/journal/stream_tables.h"
#include "common/base/log.h"

namespace tillrelay::journal {
namespace {

// What goes over at once, as it is. `meta` keeps its own word about store and witness.
struct SmallTable {
  const char *name, *key, *where;
};
constexpr SmallTable kSmallTables[] = {
    {"meta", "key", "key NOT IN ('store_id','witness','tokens')"},
    {"quarantine", "ticket", "1"},
    {"book", "key", "1"},
    {"day_mark", "day", "1"},
    {"gone", "first", "1"},
};

constexpr int kAttempts = 3;  // to read what a disk fails to read

uint64_t SizeOf(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? static_cast<uint64_t>(info.st_size) : 0;
}

// The new journal, made beside the damaged one from what is small in it.
class Builder {
 public:
  // `patient`: a disk that fails to read is asked again later, and not taken for damaged.
  Builder(const StoreOptions& options, const Witness* witness, bool log_is_cut, bool patient)
      : options_(options), witness_(witness), log_is_cut_(log_is_cut), patient_(patient) {}

  Status Build(const std::string& aside, WallTime now, Random* random) {
    TRY(OpenSource());
    TRY(ReadOldStreams());
    TRY(MakeTables(now));
    TRY(OpenNewStream(aside, now, random));
    return Status::Ok();
  }

 private:
  // What the damaged file does not give is left out, if it is damage that keeps it from us.
  Status LeaveOut(const Status& failure) const {
    const bool damage = failure.code() == Code::kCorrupt || failure.code() == Code::kNotFound ||
                        failure.code() == Code::kInternal || failure.code() == Code::kConflict;
    return failure.ok() || damage || !patient_ ? Status::Ok() : failure;
  }

  Status OpenSource() {
    sqlite::OpenOptions open;
    open.create = false;
    open.keep_log = true;
    open.vfs = options_.vfs;
    if (SizeOf(options_.path) == 0) return Status::Ok();
    auto db = sqlite::Database::Open(options_.path, open);
    if (!db.ok()) {
      log::Error("journal", "damaged journal: {}", db.status().message());
      return LeaveOut(db.status());
    }
    source_ = *std::move(db);
    // Another store's events are none of ours, whatever file they have come with.
    auto store = source_.QueryText("SELECT value FROM meta WHERE key='store_id'");
    if (!store.ok()) return LeaveOut(store.status());
    if (*store == options_.store_id) return Status::Ok();
    auto theirs = ReadStreamRows(&source_, *store, SealCheck::kSkip);
    foreign_ = theirs.ok() && !theirs->empty();
    return LeaveOut(theirs.status());
  }

  // Of each stream what the file says, and of those it does not have what the witness saw.
  Status ReadOldStreams() {
    if (source_.open() && !foreign_) {
      auto check = SealCheckOf(&source_);
      const bool sealed = check.ok() && *check != SealCheck::kNone;
      auto rows =
          ReadStreamRows(&source_, options_.store_id, sealed ? SealCheck::kSkip : SealCheck::kNone);
      TRY(LeaveOut(rows.status()));
      if (rows.ok()) streams_ = *std::move(rows);
    }
    const uint64_t in_file = streams_.empty() ? 0 : streams_.back().number;
    for (size_t i = 0; witness_ != nullptr && i < witness_->streams.size(); ++i) {
      const StreamRow& seen = witness_->streams[i];
      auto known = std::find_if(streams_.begin(), streams_.end(),
                                [&](const StreamRow& row) { return row.stream == seen.stream; });
      if (known == streams_.end()) {
        streams_.push_back(seen);
      } else {
        TakeFromWitness(seen, &*known);
      }
    }
    std::sort(streams_.begin(), streams_.end(),
              [](const StreamRow& a, const StreamRow& b) { return a.number < b.number; });
    const bool from_witness = !streams_.empty() && streams_.back().number > in_file;
    const bool last_word = witness_ != nullptr && witness_->IsLastWord(BootId());
    open_ = log_is_cut_ || ((from_witness || streams_.empty()) && !last_word);
    return Status::Ok();
  }

  // The file may be older than the witness: what its log held is gone.
  void TakeFromWitness(const StreamRow& seen, StreamRow* row) const {
    const bool was_cut = row->current && !seen.current;
    if (row->current && (was_cut || seen.head > row->head)) {
      row->head = seen.head;
      row->head_chain = seen.head_chain;
    }
    row->current = row->current && seen.current;
    if (!witness_->IsLastWord(BootId())) return;
    row->acked_through = seen.acked_through;
    row->confirmed_through = seen.confirmed_through;
    row->confirmed_chain = seen.confirmed_chain;
  }

  // Which number of a stream the centre, or the broker where its word counts, has for good.
  uint64_t DeliveredOf(const StreamRow& row) const {
    return options_.confirm_by_broker ? std::max(row.confirmed_through, row.acked_through)
                                      : row.confirmed_through;
  }

  Status MakeTables(WallTime now) {
    sqlite::OpenOptions open;
    open.vfs = options_.vfs;
    auto db = sqlite::Database::Open(BuildingPath(options_.path), open);
    if (!db.ok()) return std::move(db).status();
    target_ = *std::move(db);
    TRY(PrepareSchema(&target_));
    sqlite::Transaction transaction(&target_);
    TRY(transaction.Begin());
    auto meta = target_.Prepare("INSERT INTO meta VALUES('store_id',?1),('opened_at',?2)");
    if (!meta.ok()) return std::move(meta).status();
    TRY(meta->BindText(1, options_.store_id).BindText(2, std::to_string(Micros(now))).Run());
    if (source_.open() && !foreign_) {
      for (const SmallTable& table : kSmallTables) TRY(CopySmall(table));
      TRY(CopyTickets());
      TRY(CopyIssues(&source_, &target_));
      TRY(CopySealed());
      TRY(CopyOwed());
      TRY(CopyTakeOvers());
    }
    for (size_t i = 0; i < streams_.size(); ++i) TRY(SaveCut(&streams_[i], i + 1));
    // What is taken over gets new positions, and begins to age anew.
    if (!rest_.empty()) TRY(DropMarksFrom(&target_, rest_.back().first));
    TRY(transaction.Commit());
    target_.Close();
    return Status::Ok();
  }

  // Up to the damage from the front, then up to it from the back.
  Status CopySmall(const SmallTable& table) {
    auto columns =
        target_.QueryInt(fmt::format("SELECT count(*) FROM pragma_table_info('{}')", table.name));
    if (!columns.ok()) return std::move(columns).status();
    std::string holes = "?1";
    for (int64_t i = 2; i <= *columns; ++i) holes += fmt::format(",?{}", i);
    auto insert =
        target_.Prepare(fmt::format("INSERT OR IGNORE INTO {} VALUES({})", table.name, holes));
    if (!insert.ok()) return std::move(insert).status();
    for (const char* direction : {"", " DESC"}) {
      auto select = source_.Prepare(fmt::format("SELECT * FROM {} WHERE {} ORDER BY {}{}",
                                                table.name, table.where, table.key, direction));
      TRY(LeaveOut(select.status()));
      if (!select.ok() || select->columns() != *columns) continue;
      for (;;) {
        auto row = select->Step();
        TRY(LeaveOut(row.status()));
        if (!row.ok()) break;
        if (!*row) return Status::Ok();
        for (int i = 0; i < *columns; ++i) select->CopyTo(i, &*insert, i + 1);
        Status taken = insert->Run();
        if (!taken.ok() && taken.code() != Code::kConflict) return taken;
        Moves();
      }
    }
    log::Error("journal", "table {} of the damaged journal can be read only in part", table.name);
    return Status::Ok();
  }

  // Numbers of tickets and audit lines are never given twice.
  Status CopyTickets() {
    for (const char* table : {"quarantine", "audit"}) {
      auto highest = source_.QueryInt(
          fmt::format("SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name='{0}'),0),"
                      "coalesce((SELECT max(rowid) FROM {0}),0))",
                      table));
      TRY(LeaveOut(highest.status()));
      if (!highest.ok()) continue;
      TRY(target_.Exec(fmt::format("DELETE FROM sqlite_sequence WHERE name='{0}'", table).c_str()));
      TRY(target_.Exec(
          fmt::format("INSERT INTO sqlite_sequence VALUES('{}',{})", table, *highest).c_str()));
    }
    return Status::Ok();
  }

  // Marks, openings and declared losses, as far as their seals fit.
  Status CopySealed() {
    auto check = SealCheckOf(&source_);
    const SealCheck skip =
        check.ok() && *check == SealCheck::kNone ? SealCheck::kNone : SealCheck::kSkip;
    sqlite::Statement mark, opening, loss;
    TRY(target_.PrepareAll({{&mark, kSaveMark}, {&opening, kSaveOpening}, {&loss, kSaveLoss}}));
    std::vector<ChainMark> marks;
    TRY(LeaveOut(ForEachMark(&source_, skip, [&](const ChainMark& row) {
      marks.push_back(row);
      return Status::Ok();
    })));  // up to the damage
    for (const ChainMark& row : marks) {
      Moves();
      TRY(SaveMarkRow(row, &mark));
    }
    for (const StreamRow& stream : streams_) {
      auto row = ReadOpening(&source_, stream, skip);
      TRY(LeaveOut(row.status()));
      if (row.ok()) TRY(SaveOpeningRow(stream.stream, *row, &opening));
    }
    auto losses = ReadLosses(&source_, skip);
    TRY(LeaveOut(losses.status()));
    for (size_t i = 0; losses.ok() && i < losses->size(); ++i) {
      TRY(SaveLossRow((*losses)[i], &loss));
      losses_.push_back((*losses)[i]);
    }
    return Status::Ok();
  }

  // Bodies that the centre still waits for keep their numbers; one that is damaged is declared.
  Status CopyOwed() {
    auto select = source_.Prepare("SELECT position FROM owed ORDER BY position");
    auto event =
        source_.Prepare(fmt::format("SELECT {} FROM event WHERE position=?1", kEventColumns));
    if (!select.ok()) return LeaveOut(select.status());
    sqlite::Statement insert, owed;
    TRY(target_.PrepareAll(
        {{&insert, "INSERT OR IGNORE INTO event VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)"},
         {&owed, "INSERT OR IGNORE INTO owed VALUES(?1)"}}));
    for (;;) {
      auto row = select->Step();
      if (!row.ok()) return LeaveOut(row.status());
      if (!*row) return Status::Ok();
      const uint64_t position = select->Unsigned(0);
      if (event.ok() && ReadSoundEvent(&*event, position)) {
        for (int i = 0; i < event->columns(); ++i) event->CopyTo(i, &insert, i + 1);
        TRY(insert.Run());
        TRY(owed.Bind(1, position).Run());
      } else if (const StreamRow* stream = StreamAt(streams_, position)) {
        const uint64_t number = position - stream->base;
        gone_.push_back({stream->stream, {number, number}, {}, "damaged", false, false});
      }
      if (event.ok()) event->Reset();
    }
  }

  // `select` stands on the row then.
  static bool ReadSoundEvent(sqlite::Statement* select, uint64_t position) {
    auto found = select->Bind(1, position).Step();
    if (!found.ok() || !*found) return false;
    Row row;
    return ReadEventRow(*select, &row);
  }

  // What an earlier salvage has not brought over yet is brought over by the new journal.
  Status CopyTakeOvers() {
    auto select = source_.Prepare("SELECT * FROM take_over ORDER BY number");
    auto runs = source_.Prepare("SELECT * FROM take_over_run");
    if (!select.ok() || !runs.ok()) return LeaveOut(select.ok() ? runs.status() : select.status());
    const std::pair<sqlite::Statement*, const char*> tables[] = {
        {&*select,
         "INSERT INTO take_over VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)"},
        {&*runs, "INSERT INTO take_over_run VALUES(?1,?2,?3,?4)"}};
    for (const auto& [from, sql] : tables) {
      auto insert = target_.Prepare(sql);
      if (!insert.ok()) return std::move(insert).status();
      for (;;) {
        auto row = from->Step();
        TRY(LeaveOut(row.status()));
        if (!row.ok() || !*row) break;
        for (int i = 0; i < from->columns(); ++i) from->CopyTo(i, &*insert, i + 1);
        TRY(insert->Run());
      }
    }
    return Status::Ok();
  }

  // A stream ends at what was delivered of it; the rest goes on under other numbers.
  Status SaveCut(StreamRow* row, uint64_t number) {
    const uint64_t delivered = std::max(DeliveredOf(*row), row->own_first() - 1);
    TakeOverRow& rest = rest_.emplace_back();
    rest.stream = row->stream;
    rest.base = row->base;
    rest.first = row->base + delivered + 1;
    rest.last = rest.first + (row->head - std::min(row->head, delivered)) - 1;
    rest.youngest = number == streams_.size();
    row->current = number == streams_.size();
    row->number = number;
    row->acked_through = std::min(row->acked_through, delivered);
    sqlite::Statement save, mark;
    TRY(target_.PrepareAll({{&save, kSaveStream}, {&mark, kSaveMark}}));
    if (row->head > delivered) {
      auto chain = ChainOf(*row, delivered);
      // How far it had come is needed when head office speaks of what was declared.
      if (row->head_chain != kUnknownChain) {
        TRY(SaveMarkRow({row->stream, row->head, row->head_chain}, &mark));
      }
      // Where nothing sound says what the chain was, nothing is compared with it: there is no mark.
      row->head = delivered;
      row->head_chain = chain.value_or(kUnknownChain);
    }
    if (row->has_opening() && DeliveredOf(*row) == 0 &&
        !ReadOpening(&target_, *row, SealCheck::kStrict).ok()) {
      gone_.push_back({row->stream, {1, 1}, {}, "damaged", false, false});
    }
    const bool marked = row->head > 0 && row->head_chain != kUnknownChain;
    if (marked) TRY(SaveMarkRow({row->stream, row->head, row->head_chain}, &mark));
    return SaveStreamRow(options_.store_id, *row, {}, "salvaged", &save);
  }

  // The chain of a stream at a number that was delivered, from what is sound.
  std::optional<wire::Chain> ChainOf(const StreamRow& row, uint64_t number) {
    if (number == row.confirmed_through) return row.confirmed_chain;
    if (number == row.head) return row.head_chain;
    const wire::Chain zero = wire::FirstChain(options_.store_id, row.stream);
    if (number == 0) return zero;
    auto opening = ReadOpening(&target_, row, SealCheck::kStrict);
    if (number == 1 && row.has_opening() && opening.ok()) {
      return wire::NextChain(zero, 1, opening->id, opening->data_digest);
    }
    ChainReader chains;
    if (!source_.open() || !chains.Open(&source_, options_.store_id).ok()) return std::nullopt;
    auto chain = chains.At(row, number);
    if (!chain.ok()) return std::nullopt;
    return *chain;
  }

  Status OpenNewStream(const std::string& aside, WallTime now, Random* random) {
    StoreOptions options = options_;
    options.path = BuildingPath(options_.path);
    options.books = nullptr;
    options.naming_settings.clear();  // they are compared when it is known that it takes over
    auto store = JournalStore::OpenLocked(options, now, random, nullptr);
    if (!store.ok()) return std::move(store).status();
    if (rest_.empty()) {
      rest_.emplace_back().first = 1;  // whatever there is, under numbers that nobody knows
    } else {
      const StreamRow& current = (*store)->current();
      if (foreign_) NothingIsLeft();
      DeclareAgain();
      TRY((*store)->Fork(current.base + current.head + 1, "the journal was damaged", now, random,
                         gone_));
    }
    rest_.back().open = open_;
    std::erase_if(rest_, [](const TakeOverRow& row) {
      return !row.youngest && row.last < row.first;  // delivered as a whole
    });
    for (TakeOverRow& row : rest_) row.file = NameOf(aside);
    if (!foreign_) TRY((*store)->BeginTakeOver(rest_, now));
    return (*store)->CloseWhole();
  }

  // What was declared, and stood in what cannot be read any more.
  void DeclareAgain() {
    for (size_t i = 0; witness_ != nullptr && i < witness_->losses.size(); ++i) {
      const wire::Lost& loss = witness_->losses[i];
      const bool kept = std::any_of(losses_.begin(), losses_.end(), [&](const wire::Lost& row) {
        return LossKey(row) == LossKey(loss);
      });
      if (!kept) gone_.push_back(loss);
    }
  }

  // Every number that was given and not delivered is gone.
  void NothingIsLeft() {
    for (const TakeOverRow& row : rest_) {
      const bool open = row.youngest && open_;
      if (row.last < row.first && !open) continue;
      gone_.push_back(
          {row.stream, {row.first - row.base, row.last - row.base}, {}, "damaged", false, open});
    }
  }

  void Moves() const {
    if (options_.progress) options_.progress();
  }

  const StoreOptions& options_;
  const Witness* const witness_;
  const bool log_is_cut_, patient_;
  sqlite::Database source_, target_;
  bool foreign_ = false;  // another store's journal has taken our file's place
  bool open_ = false;     // numbers may have been given that nobody knows of
  std::vector<StreamRow> streams_;
  std::vector<TakeOverRow> rest_;   // what of each stream was not delivered
  std::vector<wire::Lost> gone_;    // what of it is known to be lost already
  std::vector<wire::Lost> losses_;  // what was declared before
};

struct Found {
  Fd lock;
  bool replaced = false;  // by what an earlier salvage had made
  std::optional<Witness> witness;
  bool witness_unreadable = false;
  LogTail log;
  bool log_missing = false;
};

Result<Found> LookAround(const StoreOptions& options) {
  Found found;
  auto lock = LockJournal(options.path);
  if (!lock.ok()) return std::move(lock).status();
  found.lock = *std::move(lock);
  auto finished = FinishReplacement(options.path);
  if (!finished.ok()) return std::move(finished).status();
  found.replaced = *finished;
  TRY(DiscardBuilding(options.path));
  auto witness = WitnessFile(WitnessPath(options.path)).Read();
  found.witness_unreadable = !witness.ok();
  if (witness.ok()) found.witness = *std::move(witness);
  const std::string log = WalPath(options.path);
  found.log_missing = SizeOf(log) == 0;
  auto tail = ReadLogTail(log);
  if (!tail.ok()) return std::move(tail).status();
  found.log = *tail;
  return found;
}

// What no opened file could tell: that there is none where there was one.
std::string Vanished(const StoreOptions& options, const Found& found) {
  if (SizeOf(options.path) > 0) return "";
  if (found.witness || found.witness_unreadable) return "the journal's file is gone or empty";
  return found.log_missing ? "" : "only the write-ahead log of the journal is there";
}

Result<std::string> Replace(const StoreOptions& options, const Found& found, bool log_is_cut,
                            WallTime now, Random* random) {
  const std::string aside = AsidePath(options.path, "damaged", now);
  const Witness* witness =
      found.witness && found.witness->store_id == options.store_id ? &*found.witness : nullptr;
  for (int attempt = 1;; ++attempt) {
    const bool patient = attempt < kAttempts;
    Status built = Builder(options, witness, log_is_cut, patient).Build(aside, now, random);
    if (built.ok()) built = CommitReplacement(options.path, aside);
    // Behind the point of no return nothing is built again: the old set is no longer where it was.
    for (; !built.ok() && IsCommitted(options.path, aside) && attempt < kAttempts; ++attempt) {
      log::Error("journal", "salvage: {}", built.message());
      auto finished = FinishReplacement(options.path);
      built = finished.ok() ? SyncDirectory(DirectoryOf(options.path)) : finished.status();
    }
    if (built.ok()) return aside;
    if (IsCommitted(options.path, aside)) return std::move(built).Within("salvage");
    TRY(DiscardBuilding(options.path));
    if (attempt == kAttempts) return std::move(built).Within("salvage");
    log::Error("journal", "salvage: {}", built.message());
    if (built.code() == Code::kFull) Ballast(BallastPath(options.path)).GiveUp();  // it is for this
  }
}

}  // namespace

Result<std::unique_ptr<JournalStore>> OpenOrSalvage(const StoreOptions& wanted, WallTime now,
                                                    Random* random, Salvaged* salvaged,
                                                    const std::string& known_damaged) {
  StoreOptions options = wanted;
  auto path = ResolveJournal(wanted.path);
  if (!path.ok()) return std::move(path).status();
  options.path = *path;
  auto found = LookAround(options);
  if (!found.ok()) return std::move(found).status();
  const std::string boot = BootId();
  const bool same_boot = found->witness && found->witness->boot_id == boot;
  // A log is taken away by SQLite only where everything in it has reached the database.
  const bool log_taken = found->witness && found->witness->log_holds_commits &&
                         found->log_missing && !found->witness->IsLastWord(boot);
  const bool log_is_cut = found->log.IsCut(same_boot) || log_taken;
  // What was known to be damaged has been replaced then.
  const bool known = !known_damaged.empty() && !found->replaced;
  std::string why = known ? known_damaged : Vanished(options, *found);
  // Its frames still hold what SQLite would pass over.
  if (why.empty() && found->log.IsCut(same_boot)) why = "the write-ahead log is damaged";
  if (why.empty()) {
    auto store = JournalStore::OpenLocked(options, now, random, &found->lock);
    if (!store.ok() && store.status().code() != Code::kCorrupt) return store;
    if (store.ok()) {
      Witness seen = found->witness.value_or(Witness{});
      const bool unknown =
          found->witness_unreadable || (!found->witness && (*store)->expects_witness());
      // Without its log and without a witness nothing says that this is all there was.
      if (unknown && found->log_missing) seen.streams = {(*store)->current()};
      auto missing = (*store)->DeclareMissing(seen, log_is_cut || (unknown && found->log_missing),
                                              now, random);
      if (!missing.ok() && missing.status().code() != Code::kCorrupt) {
        return std::move(missing).status();
      }
      if (missing.ok()) {
        if (found->replaced) salvaged->why = known_damaged;
        if (*missing) salvaged->why = "the journal's file is not the one that was written";
        return store;
      }
      // It cannot even be declared in this file. What was seen before it was opened counts.
      why = missing.status().message();
      store->reset();
      auto again = LookAround(options);
      if (!again.ok()) return std::move(again).status();
      found->lock = std::move(again->lock);
    } else {
      why = store.status().message();
    }
  }
  log::Error("journal", "{}", why);
  auto aside = Replace(options, *found, log_is_cut, now, random);
  if (!aside.ok()) return std::move(aside).status();
  salvaged->why = why;
  salvaged->moved_to = *aside;
  return JournalStore::OpenLocked(options, now, random, &found->lock);
}

}  // namespace tillrelay::journal
