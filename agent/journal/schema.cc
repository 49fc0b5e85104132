#include "agent/journal/schema.h"

#include <fmt/format.h>

#include <iterator>

#include "common/base/log.h"

namespace tillrelay::journal {
namespace {

// What each version adds to the one before; an empty file gets them all.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE stream(
  stream TEXT PRIMARY KEY,
  base INTEGER NOT NULL,
  head INTEGER NOT NULL,
  head_chain BLOB NOT NULL,
  confirmed_through INTEGER NOT NULL,
  confirmed_chain BLOB NOT NULL,
  acked_through INTEGER NOT NULL,
  opened_at INTEGER NOT NULL,
  reason TEXT NOT NULL,
  current INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE event(
  position INTEGER PRIMARY KEY,
  id BLOB NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  time TEXT NOT NULL,
  recorded_at INTEGER NOT NULL,
  data TEXT NOT NULL,
  data_sha256 BLOB NOT NULL,
  seal BLOB NOT NULL) STRICT;
CREATE TABLE known(
  key TEXT NOT NULL,
  id BLOB NOT NULL,
  digest BLOB NOT NULL,
  position INTEGER NOT NULL,
  PRIMARY KEY(key, id)) STRICT, WITHOUT ROWID;
CREATE TABLE chain_mark(
  stream TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  chain BLOB NOT NULL,
  PRIMARY KEY(stream, sequence)) STRICT, WITHOUT ROWID;
CREATE TABLE quarantine(
  ticket INTEGER PRIMARY KEY AUTOINCREMENT,
  sha256 BLOB NOT NULL UNIQUE,
  reason TEXT NOT NULL,
  field TEXT NOT NULL,
  hint TEXT NOT NULL,
  channel TEXT NOT NULL,
  origin TEXT NOT NULL,
  document TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  seen INTEGER NOT NULL) STRICT;
CREATE TABLE file(
  sha256 BLOB PRIMARY KEY,
  name TEXT NOT NULL,
  taken_at INTEGER NOT NULL,
  events INTEGER NOT NULL) STRICT, WITHOUT ROWID;
)sql";

constexpr const char* kVersion2 = R"sql(
ALTER TABLE known ADD COLUMN at_s INTEGER;
ALTER TABLE quarantine ADD COLUMN format TEXT NOT NULL DEFAULT '';
CREATE TABLE book(key TEXT PRIMARY KEY, page TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE audit(
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  reason TEXT NOT NULL,
  outcome TEXT NOT NULL) STRICT;
CREATE TABLE day_mark(day TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID;
)sql";

constexpr const char* kVersion3 = R"sql(
ALTER TABLE stream ADD COLUMN number INTEGER NOT NULL DEFAULT 1;
ALTER TABLE stream ADD COLUMN first INTEGER NOT NULL DEFAULT 1;
CREATE TABLE opening(
  stream TEXT PRIMARY KEY,
  id BLOB NOT NULL,
  subject TEXT NOT NULL,
  time TEXT NOT NULL,
  recorded_at INTEGER NOT NULL,
  data TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE owed(position INTEGER PRIMARY KEY) STRICT;
CREATE TABLE loss(
  stream TEXT NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  chain BLOB NOT NULL,
  reason TEXT NOT NULL,
  compared INTEGER NOT NULL,
  PRIMARY KEY(stream, first, last)) STRICT, WITHOUT ROWID;
)sql";

constexpr const char* kVersions[] = {kVersion1, kVersion2, kVersion3};
static_assert(std::size(kVersions) == kSchemaVersion);

Status SetDurable(sqlite::Database* db) {
  auto mode = db->QueryText("PRAGMA journal_mode=WAL");
  if (!mode.ok()) return std::move(mode).status();
  if (*mode != "wal") return Unavailable("the file system does not allow a write-ahead log");
  // A checkpoint holds commits: of 200 pages it takes some 3 ms, of 1,000 some 10 ms.
  TRY(db->Exec(
      "PRAGMA synchronous=FULL; PRAGMA secure_delete=OFF; PRAGMA wal_autocheckpoint=200;"));
  auto synchronous = db->QueryInt("PRAGMA synchronous");
  if (!synchronous.ok()) return std::move(synchronous).status();
  if (*synchronous != 2) return Internal("synchronous=FULL was not taken");
  return Status::Ok();
}

// From `version` to the newest, all steps or none.
Status Migrate(sqlite::Database* db, int64_t version) {
  sqlite::Transaction transaction(db);
  TRY(transaction.Begin());
  for (auto step = static_cast<size_t>(version); step < std::size(kVersions); ++step) {
    TRY(db->Exec(kVersions[step]));
  }
  TRY(db->Exec(fmt::format("PRAGMA user_version={}; PRAGMA application_id={};", kSchemaVersion,
                           kApplicationId)
                   .c_str()));
  return transaction.Commit();
}

}  // namespace

Status PrepareSchema(sqlite::Database* db) {
  auto version = db->QueryInt("PRAGMA user_version");
  if (!version.ok()) return std::move(version).status();
  auto application = db->QueryInt("PRAGMA application_id");
  if (!application.ok()) return std::move(application).status();
  auto tables = db->QueryInt("SELECT count(*) FROM sqlite_schema");
  if (!tables.ok()) return std::move(tables).status();
  const bool empty = *tables == 0 && *version == 0;
  if (!empty && *application != kApplicationId) return Corrupt("the file is no Tillrelay journal");
  if (*version > kSchemaVersion) {
    return Conflict(
        fmt::format("the journal has schema {}, this program knows up to {}; install the "
                    "newer tillrelay again, nothing was changed",
                    *version, kSchemaVersion));
  }
  TRY(SetDurable(db));
  if (*version == kSchemaVersion) return Status::Ok();
  if (!empty) log::Info("journal", "bringing schema {} to {}", *version, kSchemaVersion);
  return Migrate(db, *version);
}

}  // namespace tillrelay::journal
