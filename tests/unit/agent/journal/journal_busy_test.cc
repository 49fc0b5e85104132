// A journal that another program holds locked, or reads for long, is busy and not broken.
#include <filesystem>
#include <fstream>

#include "agent/journal/paths.h"
#include "agent/journal/repair/file_watch.h"
#include "common/sqlite/sqlite.h"
#include "tests/support/fault_vfs.h"
#include "tests/unit/agent/journal/journal_fixture.h"

namespace tillrelay::journal {
namespace {

using testing::FaultVfs;
using testing::SaleDraft;

class JournalBusyTest : public JournalThreadTest {
 protected:
  sqlite::Database Foreign(const char* begin) {
    auto db = sqlite::Database::Open(path_, {});
    EXPECT_TRUE(db.ok());
    EXPECT_TRUE(db->Exec(begin).ok());
    return *std::move(db);
  }
};

// Pages that are written in place leave the file as long as it was.
TEST(FileWatch, AWriteThatLeavesTheSizeAsItIsIsSeen) {
  const testing::TempDir dir;
  const std::string path = dir / "journal.db";
  for (const std::string& file : {path, WalPath(path)}) {
    for (const std::string& name : {path, WalPath(path)}) std::ofstream(name) << "one";
    FileWatch watch;
    watch.Begin(path);
    EXPECT_EQ(watch.Check(), FileChange::kNone);
    const auto before = std::filesystem::last_write_time(file);
    std::ofstream(file) << "two";
    std::filesystem::last_write_time(file, before + std::chrono::microseconds(1));
    EXPECT_EQ(watch.Check(), FileChange::kWritten) << file;
    watch.Note();
    EXPECT_EQ(watch.Check(), FileChange::kNone);
    ASSERT_TRUE(std::filesystem::remove(file));
    EXPECT_EQ(watch.Check(), FileChange::kGone) << file;
  }
}

TEST_F(JournalBusyTest, ALockedJournalIsBusyAndAcceptsWhenTheLockIsGone) {
  for (const char* begin : {"BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"}) {
    Reopen();
    ASSERT_TRUE(SendSales(1).ok());
    sqlite::Database foreign = Foreign(begin);
    EXPECT_EQ(SendSales(1).status().code(), Code::kBusy);
    EXPECT_NE(journal_->Stats().busy, "");
    EXPECT_EQ(journal_->Stats().poisoned, "");
    EXPECT_EQ(journal_->Stats().refusing, "");
    EXPECT_EQ(SendSales(1).status().code(), Code::kBusy) << "at once, nobody waits for nothing";
    ASSERT_TRUE(foreign.Exec("ROLLBACK").ok());
    Await([&] { return journal_->Refusing().empty(); });
    EXPECT_TRUE(SendSales(1).ok());
    EXPECT_EQ(journal_->Stats().salvages_total, 0u);
  }
}

TEST_F(JournalBusyTest, AnIdleJournalFindsOutByItself) {
  options_.retention = std::chrono::hours(0);
  Open();
  ASSERT_TRUE(SendSales(256).ok());
  sqlite::Database foreign = Foreign("BEGIN IMMEDIATE");
  ConfirmAll();  // a confirmation is the first that meets the lock
  Await([&] { return !journal_->Stats().busy.empty(); });
  ASSERT_TRUE(foreign.Exec("ROLLBACK").ok());
  Await([&] { return journal_->Stats().busy.empty(); });
  Await([&] { return journal_->Stats().confirmed_through == 256; });
  EXPECT_EQ(journal_->Stats().poisoned, "");
}

TEST_F(JournalBusyTest, WhatNobodyWaitsForIsWrittenBehindTheLock) {
  Open();
  ASSERT_TRUE(SendSales(2).ok());
  const std::string stream = journal_->Stats().stream;
  sqlite::Database foreign = Foreign("BEGIN IMMEDIATE");
  ConfirmAll();
  journal_->Audit({"someone", "something", "", "", ""});
  Await([&] { return !journal_->Stats().busy.empty(); });
  journal_->Fork(3, "meanwhile");
  ASSERT_TRUE(foreign.Exec("ROLLBACK").ok());
  Await([&] { return journal_->Stats().stream != stream; });
  EXPECT_EQ(journal_->Streams().front().confirmed_through, 2u);
  journal_->Stop();
  auto db = sqlite::Database::Open(path_, {.read_only = true});
  ASSERT_TRUE(db.ok());
  EXPECT_EQ(*db->QueryInt("SELECT count(*) FROM audit WHERE actor='someone'"), 1);
}

TEST_F(JournalBusyTest, AFullDiskUnderAForeignLockBreaksNothing) {
  FaultVfs& vfs = FaultVfs::Instance();
  for (const bool lock_first : {true, false}) {
    journal_.reset();
    vfs.Reset();
    Open(FaultVfs::kName);
    ASSERT_TRUE(SendSales(3).ok());
    const JournalStats before = journal_->Stats();
    std::optional<sqlite::Database> foreign;
    if (lock_first) foreign = Foreign("BEGIN IMMEDIATE");
    vfs.FailAt(vfs.operations() + 1, FaultVfs::Failure::kFull, true);
    EXPECT_FALSE(SendSales(1).ok());
    if (!lock_first) foreign = Foreign("BEGIN IMMEDIATE");
    for (int i = 0; i < 200; ++i) {  // ticks and probes pass meanwhile
      EXPECT_FALSE(SendSales(1).ok());
      EXPECT_EQ(journal_->Stats().poisoned, "");
    }
    Await([&] { return !journal_->Stats().busy.empty(); });
    ASSERT_TRUE(foreign->Exec("ROLLBACK").ok());
    Await([&] { return journal_->Stats().busy.empty(); });
    EXPECT_FALSE(SendSales(1).ok()) << "there is still no room";
    EXPECT_EQ(journal_->Stats().poisoned, "");
    vfs.FailAt(0, FaultVfs::Failure::kFull, false);
    Await([&] { return journal_->Refusing().empty(); });
    const Receipts receipts = SendSales(1);
    ASSERT_TRUE(receipts.ok()) << receipts.status().message();
    EXPECT_EQ(receipts->front().sequence, before.head + 1);
    EXPECT_EQ(journal_->Stats().stream, before.stream);
    EXPECT_EQ(journal_->Stats().salvages_total, 0u);
  }
}

TEST_F(JournalBusyTest, AReaderDoesNotKeepARepairedJournalFromAccepting) {
  FaultVfs& vfs = FaultVfs::Instance();
  vfs.Reset();
  Open(FaultVfs::kName);
  ASSERT_TRUE(SendSales(1).ok());
  sqlite::Database reader = Foreign("BEGIN; SELECT count(*) FROM event");
  ASSERT_TRUE(SendSales(1).ok());
  vfs.FailAt(vfs.operations() + 1, FaultVfs::Failure::kIo, true);
  EXPECT_FALSE(SendSales(1).ok());
  EXPECT_NE(journal_->Stats().poisoned, "");
  vfs.FailAt(0, FaultVfs::Failure::kIo, false);
  Await([&] { return journal_->Refusing().empty(); });  // while the reader goes on
  EXPECT_TRUE(SendSales(1).ok());
  EXPECT_EQ(journal_->Stats().salvages_total, 0u);
}

// A reader keeps the newest commits in the log: the database alone is not the whole journal.
TEST_F(JournalBusyTest, AVanishedFileIsPutBackWithWhatItsLogHolds) {
  Open();
  ASSERT_TRUE(SendSales(1).ok());
  sqlite::Database reader = Foreign("BEGIN; SELECT count(*) FROM event");
  ASSERT_TRUE(SendSales(5).ok());
  const std::string stream = journal_->Stats().stream;
  ASSERT_TRUE(std::filesystem::remove(path_));
  Await([&] { return !journal_->Refusing().empty() || journal_->Stats().salvages_total > 0; });
  ASSERT_TRUE(reader.Exec("COMMIT").ok());
  Await([&] { return journal_->Refusing().empty() && journal_->Stats().salvages_total > 0; });
  EXPECT_EQ(journal_->Stats().stream, stream) << journal_->Stats().salvaged;
  EXPECT_EQ(journal_->Stats().head, 6u);
  EXPECT_TRUE(journal_->Stats().losses.empty());
}

// After a failed sync the kernel may have dropped what still reads back well. With a reader in the
// way the log cannot be copied into the database, so its own bytes have to reach the disk.
TEST_F(JournalBusyTest, WhatARepairLeavesInTheLogSurvivesAPowerCut) {
  FaultVfs& vfs = FaultVfs::Instance();
  vfs.Reset();
  auto db = sqlite::Database::Open(path_, {.vfs = FaultVfs::kName});
  ASSERT_TRUE(db.ok());
  ASSERT_TRUE(db->Exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
                       "CREATE TABLE t(x); INSERT INTO t VALUES(1)")
                  .ok());
  auto reader = sqlite::Database::Open(path_, {.read_only = true});
  ASSERT_TRUE(reader.ok());
  ASSERT_TRUE(reader->Exec("BEGIN; SELECT x FROM t").ok());
  ASSERT_TRUE(db->Exec("INSERT INTO t VALUES(2)").ok());  // in the log, and never synced
  EXPECT_EQ(db->RestartLog().code(), Code::kBusy);
  const uint64_t before = vfs.operations();
  ASSERT_TRUE(db->SyncLog().ok());
  EXPECT_GT(vfs.operations(), before);
  vfs.FailAt(vfs.operations() + 1, FaultVfs::Failure::kIo, true);
  EXPECT_EQ(db->SyncLog().code(), Code::kUnavailable) << "a sync that fails again is told";
  vfs.FailAt(0, FaultVfs::Failure::kIo, false);
  EXPECT_EQ(*db->QueryInt("SELECT count(*) FROM t"), 2) << "the same bytes as before";
  EXPECT_EQ(*reader->QueryInt("SELECT count(*) FROM t"), 1);
}

}  // namespace
}  // namespace tillrelay::journal
