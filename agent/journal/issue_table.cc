#include "agent/journal/issue_table.h"

#include <fmt/format.h>

#include "common/base/log.h"

namespace tillrelay::journal {
namespace {

constexpr const char* kTable =
    "CREATE TABLE issue(id TEXT PRIMARY KEY, state TEXT NOT NULL, stamp INTEGER NOT NULL, body "
    "TEXT "
    "NOT NULL) STRICT, WITHOUT ROWID";
// What the table is to this program; nothing about how its text was written.
constexpr const char* kShape =
    "SELECT coalesce((SELECT type||wr||strict FROM pragma_table_list('issue') WHERE "
    "schema='main'),'')||"
    "coalesce((SELECT group_concat(name||type||\"notnull\"||pk||hidden) FROM "
    "pragma_table_xinfo('issue')),'')";
constexpr std::string_view kExpected = "table11idTEXT110,stateTEXT100,stampINTEGER100,bodyTEXT100";
constexpr const char* kInsert =
    "INSERT INTO issue VALUES(?1,?2,?3,?4) ON CONFLICT(id) DO UPDATE SET "
    "state=excluded.state,stamp=excluded.stamp,body=excluded.body";

bool Waits(const Status& status) {
  return status.code() == Code::kFull || status.code() == Code::kBusy;
}

Status Read(sqlite::Database* db, std::vector<IssueRow>* rows) {
  auto select = db->Prepare("SELECT id,state,body FROM issue");
  if (!select.ok()) return std::move(select).status();
  for (;;) {
    auto row = select->Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) return Status::Ok();
    rows->push_back(
        {std::string(select->Text(0)), std::string(select->Text(1)), std::string(select->Text(2))});
  }
}

Status Make(sqlite::Database* db) {
  auto shape = db->QueryText(kShape);
  if (!shape.ok()) return std::move(shape).status();
  if (*shape == kExpected) return Status::Ok();
  if (!shape->empty()) {
    log::Warning("journal", "the table of issues is not as this program makes it: a new one");
    TRY(db->Exec(shape->starts_with("view") ? "DROP VIEW issue" : "DROP TABLE issue"));
  }
  return db->Exec(kTable);
}

// What can no longer be read cannot be dropped either, where its pages name each other wrongly:
// then it gives its name away.
Status PutAside(sqlite::Database* db) {
  if (db->Exec("DROP TABLE issue").ok()) return Status::Ok();
  auto number = db->QueryInt("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'issue_damaged%'");
  if (!number.ok()) return std::move(number).status();
  return db->Exec(fmt::format("ALTER TABLE issue RENAME TO issue_damaged_{}", *number + 1).c_str());
}

}  // namespace

Status IssueTable::Open(sqlite::Database* db, std::vector<IssueRow>* rows) {
  db_ = nullptr;
  TRY(Make(db));
  if (Status read = Read(db, rows); !read.ok()) {
    if (Waits(read)) return read;
    log::Warning("journal", "the table of issues cannot be read ({}): a new one", read.message());
    TRY(PutAside(db));
    TRY(Make(db));
  }
  TRY(db->PrepareAll(
      {{&save_, kInsert},
       {&renew_, "UPDATE issue SET stamp=?1 WHERE stamp>?1"},
       {&forget_, "DELETE FROM issue WHERE state='healed' AND stamp<=?1"},
       {&forget_most_,
        "DELETE FROM issue WHERE id IN (SELECT id FROM issue WHERE state='healed' ORDER BY stamp "
        "LIMIT max(0,(SELECT count(*) FROM issue)-?1))"}}));
  db_ = db;
  return Status::Ok();
}

Status IssueTable::Save(const std::vector<IssueRow>& rows, SeenMs now) {
  if (db_ == nullptr || rows.empty()) return Status::Ok();
  sqlite::Transaction transaction(db_);
  TRY(transaction.Begin());
  for (const IssueRow& row : rows) {
    save_.BindText(1, row.id).BindText(2, row.state).Bind(3, now).BindText(4, row.body);
    TRY(save_.Run());
  }
  TRY(forget_most_.Bind(1, kMaxRows).Run());
  return transaction.Commit();
}

Status IssueTable::Forget(SeenMs cutoff, SeenMs now) {
  if (db_ == nullptr) return Status::Ok();
  sqlite::Transaction transaction(db_);
  TRY(transaction.Begin());
  TRY(renew_.Bind(1, now).Run());
  TRY(forget_.Bind(1, cutoff).Run());
  return transaction.Commit();
}

Status CopyIssues(sqlite::Database* from, sqlite::Database* to) {
  std::vector<IssueRow> rows, none;
  auto shape = from->QueryText(kShape);
  if (!shape.ok() || *shape != kExpected) return Status::Ok();
  if (Status read = Read(from, &rows); !read.ok()) {
    log::Warning("journal", "of the table of issues {} rows can be read: {}", rows.size(),
                 read.message());
  }
  if (rows.empty()) return Status::Ok();
  TRY(Make(to));
  auto insert = to->Prepare(kInsert);
  if (!insert.ok()) return std::move(insert).status();
  for (const IssueRow& row : rows) {
    insert->BindText(1, row.id).BindText(2, row.state).Bind(3, 0).BindText(4, row.body);
    TRY(insert->Run());
  }
  return Status::Ok();
}

}  // namespace tillrelay::journal
