#include "agent/journal/schema.h"

#include <fmt/format.h>

#include <iterator>

#include "agent/journal/seal.h"
#include "agent/journal/stream_tables.h"
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

constexpr const char* kVersion4 = R"sql(
ALTER TABLE stream ADD COLUMN seal BLOB NOT NULL DEFAULT x'';
ALTER TABLE chain_mark ADD COLUMN seal BLOB NOT NULL DEFAULT x'';
ALTER TABLE opening ADD COLUMN seal BLOB NOT NULL DEFAULT x'';
ALTER TABLE loss ADD COLUMN open INTEGER NOT NULL DEFAULT 0;
ALTER TABLE loss ADD COLUMN seal BLOB NOT NULL DEFAULT x'';
CREATE TABLE take_over(
  number INTEGER PRIMARY KEY,
  file TEXT NOT NULL,
  stream TEXT NOT NULL,
  base INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  youngest INTEGER NOT NULL,
  open INTEGER NOT NULL,
  step INTEGER NOT NULL,
  position INTEGER NOT NULL,
  missing_from INTEGER NOT NULL,
  taken INTEGER NOT NULL,
  lost INTEGER NOT NULL,
  cursor_1 BLOB NOT NULL,
  cursor_2 BLOB NOT NULL) STRICT;
CREATE TABLE gone(first INTEGER PRIMARY KEY, last INTEGER NOT NULL) STRICT;
CREATE TABLE take_over_run(
  number INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  position INTEGER NOT NULL,
  PRIMARY KEY(number, first)) STRICT, WITHOUT ROWID;
)sql";

constexpr const char* kVersions[] = {kVersion1, kVersion2, kVersion3, kVersion4};
static_assert(std::size(kVersions) == kSchemaVersion);

Status SetDurable(sqlite::Database* db) {
  TRY(db->MakeDurable());
  // A checkpoint holds commits: of 200 pages it takes some 3 ms, of 1,000 some 10 ms.
  return db->Exec("PRAGMA secure_delete=OFF; PRAGMA wal_autocheckpoint=200;");
}

// The rows that had no seals before schema 4 get them; they are believed as they are.
Status SealOldRows(sqlite::Database* db) {
  auto streams = ReadStreams(db, SealCheck::kNone);
  if (!streams.ok()) return std::move(streams).status();
  if (streams->empty()) return Status::Ok();
  auto store = db->QueryText("SELECT value FROM meta WHERE key='store_id'");
  if (!store.ok()) return std::move(store).status();
  sqlite::Statement stream, mark, opening, loss;
  TRY(db->PrepareAll({{&stream, kSaveStream}, {&mark, kSaveMark}}));
  for (const StreamRow& row : *streams) TRY(SaveStreamRow(*store, row, {}, "", &stream));
  TRY(ForEachMark(db, SealCheck::kNone,
                  [&](const ChainMark& row) { return SaveMarkRow(row, &mark); }));
  TRY(db->PrepareAll(
      {{&opening, "UPDATE opening SET seal=?2 WHERE stream=?1"},
       {&loss, "UPDATE loss SET seal=?4 WHERE stream=?1 AND first=?2 AND last=?3"}}));
  for (const StreamRow& row : *streams) {
    auto read = ReadOpening(db, row, SealCheck::kNone);
    if (read.status().code() == Code::kNotFound) continue;
    if (!read.ok()) return std::move(read).status();
    const Seal seal = SealOfOpening(row.stream, *read);
    TRY(opening.BindText(1, row.stream).BindBlob(2, BytesOf(seal)).Run());
  }
  auto losses = ReadLosses(db, SealCheck::kNone);
  if (!losses.ok()) return std::move(losses).status();
  for (const wire::Lost& row : *losses) {
    const Seal seal = SealOfLoss(row);
    loss.BindText(1, row.stream).Bind(2, row.range.first).Bind(3, row.range.last);
    TRY(loss.BindBlob(4, BytesOf(seal)).Run());
  }
  return Status::Ok();
}

// From `version` to the newest, all steps or none.
Status Migrate(sqlite::Database* db, int64_t version) {
  sqlite::Transaction transaction(db);
  TRY(transaction.Begin());
  for (auto step = static_cast<size_t>(version); step < std::size(kVersions); ++step) {
    TRY(db->Exec(kVersions[step]));
  }
  if (version > 0 && version < kSealsSince) TRY(SealOldRows(db));
  TRY(db->Exec(fmt::format("PRAGMA user_version={}; PRAGMA application_id={};", kSchemaVersion,
                           kApplicationId)
                   .c_str()));
  return transaction.Commit();
}

// What a table is to the programs that use it; nothing about how its text was written.
class Shapes {
 public:
  Status Open(sqlite::Database* db) {
    return db->PrepareAll(
        {{&table_,
          "SELECT type||' '||wr||' '||strict FROM pragma_table_list(?1) WHERE schema='main'"},
         {&columns_,
          "SELECT name||' '||type||' '||\"notnull\"||' '||ifnull(dflt_value,'-')||' '||pk||' '||"
          "hidden FROM pragma_table_xinfo(?1)"}});
  }
  Result<std::string> Of(const std::string& table) {
    std::string shape;
    for (sqlite::Statement* select : {&table_, &columns_}) {
      select->BindText(1, table);
      for (;;) {
        auto row = select->Step();
        if (!row.ok()) return std::move(row).status();
        if (!*row) break;
        shape.append(select->Text(0)).append("\n");
      }
    }
    return shape;
  }

 private:
  sqlite::Statement table_, columns_;
};

using NamedShapes = std::vector<std::pair<std::string, std::string>>;

// Every table that `version` has, as this program makes it.
Result<NamedShapes> MakeModel(int64_t version) {
  auto model = sqlite::Database::Open(":memory:", {});
  if (!model.ok()) return std::move(model).status();
  for (int64_t step = 0; step < version; ++step) TRY(model->Exec(kVersions[step]));
  auto names = model->Prepare("SELECT name FROM sqlite_schema WHERE type='table'");
  if (!names.ok()) return std::move(names).status();
  Shapes shapes;
  TRY(shapes.Open(&*model));
  NamedShapes all;
  for (;;) {
    auto row = names->Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) return all;
    std::string table(names->Text(0));
    auto shape = shapes.Of(table);
    if (!shape.ok()) return std::move(shape).status();
    all.emplace_back(std::move(table), *std::move(shape));
  }
}

// A start that repairs opens several files: the model of the newest version is made once.
Result<NamedShapes> ModelOf(int64_t version) {
  if (version != kSchemaVersion) return MakeModel(version);
  static const Result<NamedShapes> newest = MakeModel(kSchemaVersion);
  return newest;
}

// Nothing that acts on its own. Tables of which this program knows nothing are no damage.
Status CheckSchema(sqlite::Database* db, int64_t version) {
  const auto model = ModelOf(version);
  if (!model.ok()) return model.status();
  Shapes shapes;
  TRY(shapes.Open(db));
  for (const auto& [table, expected] : *model) {
    auto found = shapes.Of(table);
    if (!found.ok()) return std::move(found).status();
    if (*found != expected) return Corrupt("table " + table + " is not as this program made it");
  }
  auto foreign = db->QueryText(
      "SELECT coalesce(max(type||' '||name),'') FROM sqlite_schema "
      "WHERE type='trigger' OR (type='index' AND sql IS NOT NULL)");
  if (!foreign.ok()) return std::move(foreign).status();
  if (!foreign->empty()) return Corrupt("the journal has a foreign " + *foreign);
  return Status::Ok();
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
  if (*version < 0 || (*version == 0 && !empty))
    return Corrupt("the journal's schema has no version");
  TRY(CheckSchema(db, *version));
  TRY(SetDurable(db));
  if (*version == kSchemaVersion) return Status::Ok();
  if (!empty) log::Info("journal", "bringing schema {} to {}", *version, kSchemaVersion);
  return Migrate(db, *version);
}

}  // namespace tillrelay::journal
