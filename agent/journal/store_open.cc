// How a file becomes a store: lock, schema, owner, streams, statements.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>

#include "agent/journal/paths.h"
#include "agent/journal/schema.h"
#include "agent/journal/store.h"
#include "common/base/log.h"
#include "common/wire/ulid.h"

namespace tillrelay::journal {
Result<std::unique_ptr<JournalStore>> JournalStore::Open(const StoreOptions& options, WallTime now,
                                                         Random* random) {
  std::unique_ptr<JournalStore> store(new JournalStore(options));
  TRY(store->Lock());
  sqlite::OpenOptions open;
  open.vfs = options.vfs;
  auto db = sqlite::Database::Open(options.path, open);
  if (!db.ok()) return std::move(db).status().Within("open journal");
  store->db_ = *std::move(db);
  if (Status s = PrepareSchema(&store->db_); !s.ok()) return std::move(s).Within(options.path);
  if (Status s = store->Load(now, random); !s.ok()) return std::move(s).Within(options.path);
  return store;
}

Status JournalStore::Lock() {
  const std::string path = LockPath(options_.path);
  lock_ = Fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock_.valid()) return Unavailable(path + ": " + ErrnoText(errno));
  if (flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    return Unavailable("another tillrelayd has this journal open: " + options_.path);
  }
  return Status::Ok();
}

Status JournalStore::Load(WallTime now, Random* random) {
  TRY(BindStore(now));
  TRY(LoadStreams());
  if (streams_.empty()) TRY(CreateStream(now, random, "first"));
  TRY(CheckHead());
  TRY(LoadOwed());
  TRY(chains_.Open(&db_, options_.store_id));
  TRY(quarantine_.Open(&db_));
  TRY(ages_.Open(&db_, options_.age_mark_every));
  TRY(forgetter_.Open(&db_, &ages_));
  Status history = PrepareHistory(&db_);
  if (history.ok()) history = history_.Open(&db_);
  if (!history.ok()) log::Warning("journal", "no history is kept: {}", history.message());
  has_history_ = history.ok();
  if (Status ids = id_blocks_.Open(&db_); !ids.ok()) {
    log::Warning("journal", "ids are looked up slowly: {}", ids.message());
  }
  TRY(Prepare());
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

Status JournalStore::BindStore(WallTime now) {
  auto bound = db_.QueryText("SELECT value FROM meta WHERE key='store_id'");
  if (bound.ok()) {
    if (*bound == options_.store_id) return Status::Ok();
    return Conflict(
        fmt::format("the journal belongs to store {}, the configuration says {}; run "
                    "tillrelay setup --move-store if the server has moved",
                    *bound, options_.store_id));
  }
  if (bound.status().code() != Code::kNotFound) return std::move(bound).status();
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
  auto insert = db_.Prepare("INSERT INTO stream VALUES(?1,0,0,?2,0,?2,0,?3,?4,1,1,1)");
  if (!insert.ok()) return std::move(insert).status();
  TRY(insert->BindText(1, row.stream)
          .BindBlob(2, BytesOf(row.head_chain))
          .Bind(3, Micros(now))
          .BindText(4, reason)
          .Run());
  streams_.push_back(row);
  committed_ = pending_ = row;
  return Status::Ok();
}

Status JournalStore::LoadStreams() {
  auto streams = ReadStreams(&db_);
  if (!streams.ok()) return std::move(streams).status();
  streams_ = *std::move(streams);
  for (const StreamRow& row : streams_) {
    if (row.current) committed_ = pending_ = row;
  }
  if (!streams_.empty() && !streams_.back().current) return Corrupt("no stream is the current one");
  return Status::Ok();
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

Status JournalStore::LoadOwed() {
  owed_.clear();
  losses_.clear();
  acknowledged_.clear();
  auto acknowledged = db_.Prepare(
      "SELECT substr(key,14) FROM meta WHERE key>='acknowledged/' AND key<'acknowledged0'");
  if (!acknowledged.ok()) return std::move(acknowledged).status();
  for (;;) {
    auto row = acknowledged->Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) break;
    acknowledged_.emplace_back(acknowledged->Text(0));
  }
  auto owed = db_.Prepare("SELECT position FROM owed");
  if (!owed.ok()) return std::move(owed).status();
  for (;;) {
    auto row = owed->Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) break;
    owed_.insert(owed->Unsigned(0));
  }
  auto losses = db_.Prepare("SELECT stream,first,last,chain,reason,compared FROM loss");
  if (!losses.ok()) return std::move(losses).status();
  for (;;) {
    auto row = losses->Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) return Status::Ok();
    LossRow loss{std::string(losses->Text(0)), losses->Unsigned(1), losses->Unsigned(2), {},
                 std::string(losses->Text(4)), losses->Int(5) != 0};
    if (!losses->CopyBlob(3, &loss.chain)) return Corrupt("a loss row is damaged");
    losses_.push_back(std::move(loss));
  }
}

Status JournalStore::Prepare() {
  return db_.PrepareAll({
      {&sql_.insert_event, "INSERT INTO event VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)"},
      {&sql_.find_known, "SELECT id,digest,position,at_s FROM known WHERE key=?1"},
      {&sql_.insert_known, "INSERT INTO known(key,id,digest,position,at_s) VALUES(?1,?2,?3,?4,?5)"},
      {&sql_.insert_mark, "INSERT OR REPLACE INTO chain_mark VALUES(?1,?2,?3)"},
      {&sql_.update_head, "UPDATE stream SET head=?2,head_chain=?3 WHERE stream=?1"},
      {&sql_.insert_file, "INSERT OR REPLACE INTO file VALUES(?1,?2,?3,?4)"},
      {&sql_.insert_audit,
       "INSERT INTO audit(at,actor,action,subject,reason,outcome) VALUES(?1,?2,?3,?4,?5,?6)"},
      {&sql_.load_page, "SELECT page FROM book WHERE key=?1"},
      {&sql_.save_page, "INSERT OR REPLACE INTO book VALUES(?1,?2)"},
      {&sql_.update_confirmed,
       "UPDATE stream SET confirmed_through=?2,confirmed_chain=?3 WHERE stream=?1"},
      {&sql_.update_acked, "UPDATE stream SET acked_through=?2 WHERE stream=?1"},
      {&sql_.recorded_at, "SELECT recorded_at FROM event WHERE position=?1"},
      {&sql_.delete_rows,
       "DELETE FROM event WHERE position<=?1 AND position NOT IN (SELECT position FROM owed)"},
      {&sql_.insert_owed,
       "INSERT OR IGNORE INTO owed SELECT position FROM event WHERE position=?1"},
      {&sql_.delete_owed, "DELETE FROM owed WHERE position=?1"},
  });
}

}  // namespace tillrelay::journal
