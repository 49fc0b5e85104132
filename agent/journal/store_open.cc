// How a file becomes a store: lock, schema, owner, streams, statements.
#include <fmt/format.h>

#include <algorithm>

#include "agent/journal/paths.h"
#include "agent/journal/repair/replacement.h"
#include "agent/journal/schema.h"
#include "agent/journal/store.h"
#include "agent/journal/stream_tables.h"
#include "common/base/log.h"
#include "common/wire/ulid.h"

namespace tillrelay::journal {
Result<std::unique_ptr<JournalStore>> JournalStore::Open(const StoreOptions& options, WallTime now,
                                                         Random* random) {
  auto path = ResolveJournal(options.path);
  if (!path.ok()) return std::move(path).status();
  auto lock = LockJournal(*path);
  if (!lock.ok()) return std::move(lock).status();
  auto finished = FinishReplacement(*path);
  if (!finished.ok()) return std::move(finished).status();
  StoreOptions resolved = options;
  resolved.path = *path;
  return OpenLocked(resolved, now, random, &*lock);
}

Result<std::unique_ptr<JournalStore>> JournalStore::OpenLocked(const StoreOptions& options,
                                                               WallTime now, Random* random,
                                                               Fd* lock) {
  std::unique_ptr<JournalStore> store(new JournalStore(options));
  sqlite::OpenOptions open;
  open.vfs = options.vfs;
  open.keep_log = true;  // a log that is gone at the next start was taken away by somebody
  auto db = sqlite::Database::Open(options.path, open);
  if (!db.ok()) return std::move(db).status().Within("open journal");
  store->db_ = *std::move(db);
  if (Status s = PrepareSchema(&store->db_); !s.ok()) return std::move(s).Within(options.path);
  if (Status s = store->Load(now, random); !s.ok()) return std::move(s).Within(options.path);
  // SQLite makes the log and does not look whether its name has reached the disk; every commit from
  // now on is in it.
  TRY(SyncDirectory(DirectoryOf(options.path)));
  if (lock != nullptr) store->lock_ = std::move(*lock);
  return store;
}

Status JournalStore::Load(WallTime now, Random* random) {
  TRY(Prepare());
  TRY(BindStore(now));
  TRY(LoadStreams());
  if (streams_.empty()) TRY(CreateStream(now, random, "first"));
  TRY(CheckHead());
  TRY(LoadOwed());
  TRY(CheckFloors());
  TRY(LoadCutShort());
  TRY(chains_.Open(&db_, options_.store_id));
  TRY(quarantine_.Open(&db_));
  TRY(take_over_.Open(&db_, DirectoryOf(options_.path), options_.vfs, this));
  auto witness = db_.QueryText("SELECT value FROM meta WHERE key='witness'");
  if (!witness.ok() && witness.status().code() != Code::kNotFound) return witness.status();
  expects_witness_ = witness.ok();
  const uint64_t newest =
      take_over_.pending() ? Retold::kEverything : committed_.base + committed_.head;
  TRY(retold_.Open(&db_, options_.naming_settings, newest, options_.progress));
  TRY(ages_.Open(&db_, options_.age_mark_every));
  TRY(forgetter_.Open(&db_, &ages_));
  Status history = PrepareHistory(&db_);
  if (history.ok()) history = history_.Open(&db_);
  if (!history.ok()) log::Warning("journal", "no history is kept: {}", history.message());
  has_history_ = history.ok();
  if (Status ids = id_blocks_.Open(&db_); !ids.ok()) {
    log::Warning("journal", "ids are looked up slowly: {}", ids.message());
  }
  if (Status issues = OpenIssues(); !issues.ok()) {
    log::Warning("journal", "issues are not kept: {}", issues.message());
  }
  if (options_.books == nullptr) return Status::Ok();
  options_.books->Attach([this](const std::string& key) -> Result<std::string> {
    auto row = sql_.load_page.BindText(1, key).Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) return std::string();
    std::string page(sql_.load_page.Text(0));
    sql_.load_page.Reset();
    return page;
  });
  return Status::Ok();
}

// Another store's journal is told from a damaged name by the seals of its streams, which cover it.
Status JournalStore::BindStore(WallTime now) {
  auto bound = db_.QueryText("SELECT value FROM meta WHERE key='store_id'");
  if (bound.ok()) {
    if (*bound == options_.store_id) return Status::Ok();
    if (auto theirs = ReadStreamRows(&db_, *bound, SealCheck::kStrict); !theirs.ok()) {
      return Corrupt("the store's name in the journal is damaged: " + theirs.status().message());
    }
    return Conflict(
        fmt::format("the journal belongs to store {}, the configuration says {}; run "
                    "tillrelay setup --move-store if the server has moved",
                    *bound, options_.store_id));
  }
  if (bound.status().code() != Code::kNotFound) return std::move(bound).status();
  auto used = db_.QueryInt(
      "SELECT EXISTS(SELECT 1 FROM stream) OR EXISTS(SELECT 1 FROM event) OR "
      "EXISTS(SELECT 1 FROM known)");
  if (!used.ok()) return std::move(used).status();
  if (*used != 0) return Corrupt("the journal does not say to which store it belongs");
  auto insert = db_.Prepare("INSERT INTO meta VALUES('store_id',?1),('opened_at',?2)");
  if (!insert.ok()) return std::move(insert).status();
  const std::string at = std::to_string(Micros(now));
  return insert->BindText(1, options_.store_id).BindText(2, at).Run();
}

Status JournalStore::CreateStream(WallTime now, Random* random, const std::string& reason) {
  StreamRow row;
  row.stream = wire::NewUlid(now, random);
  row.head_chain = row.confirmed_chain = wire::FirstChain(options_.store_id, row.stream);
  row.current = true;
  TRY(SaveStream(row, now, reason));
  streams_.push_back(row);
  committed_ = pending_ = row;
  return Status::Ok();
}

Status JournalStore::LoadStreams() {
  auto streams = ReadStreams(&db_);
  if (!streams.ok()) return std::move(streams).status();
  streams_ = *std::move(streams);
  for (size_t i = 0; i < streams_.size(); ++i) {
    const StreamRow& row = streams_[i];
    if (row.number != i + 1) return Corrupt("a stream is missing");
    if (row.current != (i + 1 == streams_.size())) return Corrupt("no stream is the current one");
  }
  if (!streams_.empty()) {
    committed_ = pending_ = streams_.back();
    return Status::Ok();
  }
  auto used = db_.QueryInt("SELECT EXISTS(SELECT 1 FROM event) OR EXISTS(SELECT 1 FROM known)");
  if (!used.ok()) return std::move(used).status();
  return *used == 0 ? Status::Ok() : Corrupt("the journal's streams are missing");
}

// The last row must be the one that the stream row speaks of, unless it was deleted as confirmed.
Status JournalStore::CheckHead() {
  auto last = db_.QueryInt("SELECT coalesce(max(position),0) FROM event");
  if (!last.ok()) return std::move(last).status();
  const StreamRow& row = committed_;
  const uint64_t expected = row.base + row.head;
  const bool owns_rows = row.head >= row.own_first();
  const bool may_be_deleted = std::max(row.confirmed_through, row.acked_through) == row.head;
  if (static_cast<uint64_t>(*last) != expected && owns_rows && !may_be_deleted) {
    return Corrupt(fmt::format("the last row is {}, the stream says {}", *last, expected));
  }
  return Status::Ok();
}

// Rows go from the lowest on and only once they are delivered: where more of them are missing, the
// table does not hold what it says. The streams of before a repair have left theirs in the file
// that it replaced.
Status JournalStore::CheckFloors() {
  auto repaired = db_.QueryInt(
      "SELECT coalesce(max(number),1) FROM stream WHERE reason IN ('the journal was damaged',"
      "'restored from a backup')");
  if (!repaired.ok()) return std::move(repaired).status();
  for (const StreamRow& row : streams_) {
    if (row.number < static_cast<uint64_t>(*repaired) || row.own_first() > row.head) continue;
    uint64_t next = std::max({row.confirmed_through, row.acked_through, row.own_first() - 1}) + 1;
    for (const wire::Lost& loss : losses_) {  // by stream and first number
      if (loss.stream == row.stream && loss.range.first <= next) {
        next = std::max(next, loss.range.last + 1);
      }
    }
    if (next >= row.floor) continue;
    return Corrupt(
        fmt::format("stream {}: numbers {} to {} are missing", row.stream, next, row.floor - 1));
  }
  return Status::Ok();
}

Status JournalStore::LoadOwed() {
  owed_.clear();
  losses_.clear();
  auto acknowledged = ReadAcknowledged(&db_);
  if (!acknowledged.ok()) return std::move(acknowledged).status();
  acknowledged_ = *std::move(acknowledged);
  auto owed = db_.Prepare("SELECT position FROM owed");
  if (!owed.ok()) return std::move(owed).status();
  for (;;) {
    auto row = owed->Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) break;
    owed_.insert(owed->Unsigned(0));
  }
  auto losses = ReadLosses(&db_, SealCheck::kStrict);
  if (!losses.ok()) return std::move(losses).status();
  losses_ = *std::move(losses);
  gone_.clear();
  auto gone = db_.Prepare("SELECT first,last FROM gone");
  if (!gone.ok()) return std::move(gone).status();
  for (;;) {
    auto row = gone->Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) return Status::Ok();
    gone_[gone->Unsigned(0)] = gone->Unsigned(1);
  }
}

Status JournalStore::Prepare() {
  return db_.PrepareAll({
      {&sql_.insert_event, "INSERT INTO event VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)"},
      {&sql_.find_known, "SELECT id,digest,position,at_s FROM known WHERE key=?1"},
      {&sql_.insert_known, "INSERT INTO known(key,id,digest,position,at_s) VALUES(?1,?2,?3,?4,?5)"},
      {&sql_.add_known,
       "INSERT INTO known(key,id,digest,position,at_s) VALUES(?1,?2,?3,?4,?5) ON CONFLICT(key,id) "
       "DO UPDATE SET digest=excluded.digest,at_s=excluded.at_s WHERE position=excluded.position "
       "AND length(digest)<length(excluded.digest)"},
      {&sql_.known_at, "SELECT position FROM known WHERE key=?1 AND id=?2"},
      {&sql_.move_known, "UPDATE known SET position=?3 WHERE key=?1 AND id=?2"},
      {&sql_.insert_mark, kSaveMark},
      {&sql_.save_stream, kSaveStream},
      {&sql_.insert_file, "INSERT OR REPLACE INTO file VALUES(?1,?2,?3,?4)"},
      {&sql_.insert_audit,
       "INSERT INTO audit(at,actor,action,subject,reason,outcome) VALUES(?1,?2,?3,?4,?5,?6)"},
      {&sql_.load_page, "SELECT page FROM book WHERE key=?1"},
      {&sql_.save_page, "INSERT OR REPLACE INTO book VALUES(?1,?2)"},
      {&sql_.recorded_at, "SELECT recorded_at FROM event WHERE position=?1"},
      {&sql_.id_at, "SELECT id FROM event WHERE position=?1"},
      {&sql_.forget_known, "DELETE FROM known WHERE key=?1 AND id=?2"},
      {&sql_.delete_rows,
       "DELETE FROM event WHERE position<=?1 AND position NOT IN (SELECT position FROM owed)"},
      {&sql_.insert_owed,
       "INSERT OR IGNORE INTO owed SELECT position FROM event WHERE position=?1"},
      {&sql_.delete_owed, "DELETE FROM owed WHERE position=?1"},
  });
}

}  // namespace tillrelay::journal
