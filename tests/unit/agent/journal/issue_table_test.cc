// The list of issues in the journal's file: no truth, carried by everything that carries a journal,
// and never a reason to stop.
#include "agent/journal/issue_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>

#include "agent/journal/journal.h"
#include "agent/journal/paths.h"
#include "agent/journal/repair/backup.h"
#include "tests/unit/agent/journal/journal_store_fixture.h"

namespace tillrelay::journal {
namespace {

using testing::SaleDraft;

class IssueTableTest : public JournalStoreTest {
 protected:
  Status Save(std::vector<IssueRow> rows, SeenMs now = 0) {
    return store_->issues().Save(rows, now);
  }
  std::vector<std::string> Found() {
    std::vector<std::string> rows;
    for (const IssueRow& row : store_->issues_found()) {
      rows.push_back(row.id + " " + row.state + " " + row.body);
    }
    return rows;
  }
  void Sql(const char* sql) {
    auto db = sqlite::Database::Open(options_.path, {});
    ASSERT_TRUE(db.ok());
    const Status done = db->Exec(sql);
    ASSERT_TRUE(done.ok()) << done.message();
    ASSERT_TRUE(db->Checkpoint(true).ok());
  }
  int64_t Rows() {
    auto db = sqlite::Database::Open(options_.path, {.read_only = true, .create = false});
    return *db->QueryInt("SELECT count(*) FROM issue");
  }
  const std::vector<std::string> both_ = {"day/1 open {}", "loss/2 acknowledged {\"a\":1}"};
  const std::vector<IssueRow> rows_ = {{"day/1", "open", "{}"},
                                       {"loss/2", "acknowledged", "{\"a\":1}"}};
};

TEST_F(IssueTableTest, IsFoundAgain) {
  ASSERT_TRUE(Save(rows_).ok());
  ASSERT_TRUE(Save({{"day/1", "healed", "{}"}}).ok());
  ASSERT_TRUE(Save({{"day/1", "open", "{}"}}).ok());
  Reopen();
  EXPECT_EQ(Found(), both_);
}

// What people, other versions and disks may make of it: each time the journal opens and takes, and
// keeps issues from then on.
TEST_F(IssueTableTest, WhateverBecameOfTheTableTheJournalGoesOn) {
  const char* const harms[] = {
      "DROP TABLE issue",
      "DROP TABLE issue; CREATE TABLE issue(id INTEGER PRIMARY KEY, other TEXT) STRICT",
      "DROP TABLE issue; CREATE TABLE issue(id TEXT, state TEXT, stamp INTEGER, body TEXT)",
      "DROP TABLE issue; CREATE VIEW issue AS SELECT 1 AS id",
      "ALTER TABLE issue ADD COLUMN more TEXT",
      "ALTER TABLE issue DROP COLUMN body",
  };
  int number = 1;
  for (const char* harm : harms) {
    ASSERT_TRUE(Save(rows_).ok()) << harm;
    Close();
    Sql(harm);
    Reopen();
    EXPECT_TRUE(Found().empty()) << harm;
    EXPECT_EQ(Tell(SaleDraft("03", number)), "stored " + std::to_string(number)) << harm;
    ++number;
    ASSERT_TRUE(Save(rows_).ok()) << harm;
    Reopen();
    EXPECT_EQ(Found(), both_) << harm;
  }
}

// A page of it that says nonsense: SQLite can neither read nor drop such a table.
TEST_F(IssueTableTest, ADamagedPageOfItIsNoDamageOfTheJournal) {
  std::vector<IssueRow> many;
  for (int i = 0; i < 400; ++i) many.push_back({std::to_string(i), "open", std::string(300, 'x')});
  ASSERT_TRUE(Save(many).ok());
  ASSERT_EQ(Tell(SaleDraft("03", 1)), "stored 1");
  ASSERT_TRUE(store_->Checkpoint(true).ok());
  Close();
  auto db = sqlite::Database::Open(options_.path, {});
  const int64_t page = *db->QueryInt("SELECT rootpage FROM sqlite_schema WHERE name='issue'");
  const int64_t size = *db->QueryInt("PRAGMA page_size");
  ASSERT_TRUE(db->TruncateLog().ok());
  db->Close();
  {
    std::fstream file(options_.path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp((page - 1) * size);
    file << std::string(static_cast<size_t>(size), '\xa5');
  }
  Reopen();
  EXPECT_EQ(Tell(SaleDraft("03", 1)), "duplicate 1");
  EXPECT_EQ(Tell(SaleDraft("03", 2)), "stored 2");
  ASSERT_TRUE(Save(rows_).ok());
  Reopen();
  EXPECT_EQ(Found(), both_);
}

TEST_F(IssueTableTest, HealedOnesGoByTheJournalsOwnTime) {
  ASSERT_TRUE(Save({{"a", "healed", "{}"}, {"b", "open", "{}"}}, 1'000).ok());
  ASSERT_TRUE(Save({{"c", "healed", "{}"}}, 9'000).ok());
  ASSERT_TRUE(store_->issues().Forget(-1, 10'000).ok());
  EXPECT_EQ(Rows(), 3);
  ASSERT_TRUE(store_->issues().Forget(5'000, 10'000).ok());
  EXPECT_EQ(Rows(), 2);
  // A file that was put back knows stamps of a time that this one has not reached.
  ASSERT_TRUE(store_->issues().Forget(100, 200).ok());
  EXPECT_EQ(Rows(), 2);
  ASSERT_TRUE(store_->issues().Forget(200, 200).ok());
  EXPECT_EQ(Rows(), 1);
}

TEST_F(IssueTableTest, NeverGrowsWithoutEnd) {
  std::vector<IssueRow> rows;
  for (int i = 0; i < IssueTable::kMaxRows + 500; ++i) {
    rows.push_back({std::to_string(i), "healed", "{}"});
  }
  ASSERT_TRUE(Save(rows).ok());
  EXPECT_EQ(Rows(), IssueTable::kMaxRows);
}

TEST_F(IssueTableTest, ABackupCarriesIt) {
  ASSERT_EQ(Tell(SaleDraft("03", 1)), "stored 1");
  ASSERT_TRUE(Save(rows_).ok());
  const std::string copy = dir_ / "copy.db";
  ASSERT_TRUE(Backup(options_.path, copy, nullptr).ok());
  ASSERT_TRUE(Save({{"day/1", "healed", "{}"}, {"loss/2", "healed", "{}"}}).ok());
  Close();
  auto restored = RestoreBackup(copy, options_, WallTime{std::chrono::hours(1)}, &random_);
  ASSERT_TRUE(restored.ok()) << restored.status().message();
  Reopen();
  EXPECT_EQ(Found(), both_);
}

// The journal as the daemon runs it.
class KeptIssuesTest : public IssueTableTest {
 protected:
  void Run(std::function<std::vector<IssueRow>(bool)> issues) {
    Close();
    JournalOptions options;
    options.store = options_;
    options.idle_tick = std::chrono::milliseconds(5);
    options.issues = std::move(issues);
    auto journal = Journal::Open(std::move(options), &clock_, &random_);
    ASSERT_TRUE(journal.ok()) << journal.status().message();
    journal_ = *std::move(journal);
  }
  void Stop() { journal_.reset(); }
  SystemClock clock_;
  std::unique_ptr<Journal> journal_;
};

TEST_F(KeptIssuesTest, ASalvageCarriesItAndIsGivenAllOfIt) {
  ASSERT_EQ(Tell(SaleDraft("03", 1)), "stored 1");
  ASSERT_TRUE(Save(rows_).ok());
  ASSERT_TRUE(store_->Checkpoint(true).ok());
  Close();
  Sql("UPDATE stream SET seal=x'00'");  // damage that only a salvage can deal with
  Run([](bool) { return std::vector<IssueRow>(); });
  auto found = journal_->PopIssuesFound();
  EXPECT_EQ(found.size(), 2u);
  Stop();

  std::promise<void> asked;
  std::atomic<bool> done = false;
  Run([&](bool all) {
    if (all && !done.exchange(true)) asked.set_value();
    return all ? rows_ : std::vector<IssueRow>();
  });
  journal_->Damaged("a reader has met a damaged row");
  asked.get_future().wait();
  Stop();
  Reopen();
  EXPECT_EQ(Found(), both_);
}

TEST_F(KeptIssuesTest, WhatHasChangedIsWrittenBehindAnAuditLine) {
  std::promise<void> taken;
  std::atomic<int> calls = 0;
  std::atomic<bool> changed = false;
  Run([&](bool) {
    ++calls;
    if (!changed.exchange(false)) return std::vector<IssueRow>();
    taken.set_value();
    return rows_;
  });
  changed = true;
  journal_->Audit({"anna", "issue-acknowledge", "issue/day/1", "known", "done", {}, 0});
  taken.get_future().wait();
  Stop();
  Reopen();
  EXPECT_EQ(Found(), both_);
}

}  // namespace
}  // namespace tillrelay::journal
