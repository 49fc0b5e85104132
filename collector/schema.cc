#include "collector/schema.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

namespace tillrelay::collector {
namespace {

constexpr int64_t kVersion = 1;
constexpr int kCacheKib = 64 * 1024;

// counted: 0 while the row lies above the watermark, and for ever if its id had already counted.
// position: the order of commit over counted rows, without holes; NULL elsewhere.
constexpr const char* kTables = R"sql(
CREATE TABLE event (
  position INTEGER, store_id TEXT NOT NULL, stream TEXT NOT NULL, sequence INTEGER NOT NULL,
  id TEXT NOT NULL, kind TEXT NOT NULL, occurred_at TEXT NOT NULL, recorded_at TEXT NOT NULL,
  stored_at TEXT NOT NULL, chain TEXT NOT NULL, counted INTEGER NOT NULL, body TEXT NOT NULL,
  UNIQUE (store_id, stream, sequence));
CREATE UNIQUE INDEX event_counted_id ON event (id) WHERE counted = 1;
CREATE UNIQUE INDEX event_position ON event (position) WHERE position IS NOT NULL;

CREATE TABLE stream (
  store_id TEXT NOT NULL, stream TEXT NOT NULL, confirmed_through INTEGER NOT NULL,
  chain TEXT NOT NULL, highest_seen INTEGER NOT NULL, opened_at TEXT NOT NULL, reason TEXT,
  UNIQUE (store_id, stream));

CREATE TABLE gap (
  store_id TEXT NOT NULL, stream TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  since TEXT NOT NULL, asked_at TEXT,
  PRIMARY KEY (store_id, stream, first)) WITHOUT ROWID;

CREATE TABLE stock (
  store_id TEXT NOT NULL, item TEXT NOT NULL, uom TEXT NOT NULL,
  on_hand NUMERIC NOT NULL, reserved NUMERIC NOT NULL, damaged NUMERIC NOT NULL,
  in_transit NUMERIC NOT NULL,
  PRIMARY KEY (store_id, item, uom)) WITHOUT ROWID;

CREATE TABLE transit (
  store_id TEXT NOT NULL, transfer_id TEXT NOT NULL, item TEXT NOT NULL, uom TEXT NOT NULL,
  quantity NUMERIC NOT NULL,
  PRIMARY KEY (store_id, transfer_id, item, uom)) WITHOUT ROWID;

CREATE TABLE duplicate (
  store_id TEXT NOT NULL, stream TEXT NOT NULL, sequence INTEGER NOT NULL, id TEXT NOT NULL,
  seen INTEGER NOT NULL, last_at TEXT NOT NULL,
  PRIMARY KEY (store_id, stream, sequence, id)) WITHOUT ROWID;

CREATE TABLE fork (
  store_id TEXT NOT NULL, stream TEXT NOT NULL, sequence INTEGER NOT NULL, chain TEXT NOT NULL,
  body TEXT NOT NULL, at TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL,
  occurred_at TEXT NOT NULL, recorded_at TEXT NOT NULL,
  PRIMARY KEY (store_id, stream, sequence, chain));

CREATE TABLE loss (
  store_id TEXT NOT NULL, stream TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  reason TEXT NOT NULL, at TEXT NOT NULL,
  PRIMARY KEY (store_id, stream, first)) WITHOUT ROWID;

-- Of counted cells: the time of the count (microseconds since 1970), so that what happened before
-- it and arrives later leaves the cell alone.
CREATE TABLE counted_at (
  store_id TEXT NOT NULL, item TEXT NOT NULL, uom TEXT NOT NULL, bucket TEXT NOT NULL,
  as_of INTEGER NOT NULL,
  PRIMARY KEY (store_id, item, uom, bucket)) WITHOUT ROWID;

-- Which counted events moved the stock of their store, by their own time.
CREATE TABLE moved (
  store_id TEXT NOT NULL, at INTEGER NOT NULL, position INTEGER NOT NULL,
  PRIMARY KEY (store_id, at, position)) WITHOUT ROWID;
)sql";

Result<Fd> TakeLock(const std::string& path) {
  Fd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
  if (!fd.valid()) return Unavailable(path + ": " + ErrnoText(errno));
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    return Conflict(path + " is held: another tillrelay-collector uses this database");
  }
  return fd;
}

Status Prepare(sqlite::Database* db) {
  TRY(db->Exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=4000"));
  auto version = db->QueryInt("PRAGMA user_version");
  if (!version.ok()) return std::move(version).status();
  if (*version == kVersion) return Status::Ok();
  if (*version != 0)
    return Invalid("the database was written by a newer tillrelay-collector; install that");
  sqlite::Transaction transaction(db);
  TRY(transaction.Begin());
  TRY(db->Exec(kTables));
  TRY(db->Exec(("PRAGMA user_version=" + std::to_string(kVersion)).c_str()));
  return transaction.Commit();
}

}  // namespace

Result<Central> OpenCentral(const std::string& path) {
  auto lock = TakeLock(path + ".lock");
  if (!lock.ok()) return std::move(lock).status();
  sqlite::OpenOptions options;
  options.cache_kib = kCacheKib;
  auto db = sqlite::Database::Open(path, options);
  if (!db.ok()) return std::move(db).status();
  Central central{*std::move(lock), *std::move(db)};
  if (Status prepared = Prepare(&central.db); !prepared.ok()) {
    return std::move(prepared).Within(path);
  }
  return central;
}

}  // namespace tillrelay::collector
