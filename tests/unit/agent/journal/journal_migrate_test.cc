// A journal of the version before, brought forward, with the power cut at every single write of it.
#include <gtest/gtest.h>

#include "agent/journal/repair/verify.h"
#include "tests/support/fault_vfs.h"
#include "tests/unit/agent/journal/journal_store_fixture.h"

namespace tillrelay::journal {
namespace {

using testing::FaultVfs;
using testing::SaleDraft;

constexpr int kSales = 40;

// What version 2 left behind: one stream, and none of what versions 3 and 4 have added.
constexpr const char* kAsVersion2 =
    "DROP TABLE take_over; DROP TABLE take_over_run; DROP TABLE gone;"
    "ALTER TABLE stream DROP COLUMN seal; ALTER TABLE chain_mark DROP COLUMN seal;"
    "DROP TABLE opening; DROP TABLE owed; DROP TABLE loss;"
    "ALTER TABLE stream DROP COLUMN number; ALTER TABLE stream DROP COLUMN first;"
    "PRAGMA user_version=2; PRAGMA wal_checkpoint(TRUNCATE);";

class JournalMigrateTest : public ::testing::Test {
 protected:
  void Make(const std::string& path) {
    auto store = JournalStore::Open(Options(path), WallTime{}, &random_);
    ASSERT_TRUE(store.ok()) << store.status().message();
    AppendRequest request;
    for (int i = 1; i <= kSales; ++i) request.entries.emplace_back(SaleDraft("03", i));
    ASSERT_TRUE((*store)->Begin().ok());
    ASSERT_TRUE((*store)->Append(request, WallTime{}).ok());
    ASSERT_TRUE((*store)->Commit().ok());
    store->reset();
    auto db = sqlite::Database::Open(path, {.read_only = false, .create = false, .vfs = vfs_});
    ASSERT_TRUE(db.ok());
    const Status done = db->Exec(kAsVersion2);
    ASSERT_TRUE(done.ok()) << done.message();
  }
  StoreOptions Options(const std::string& path) const {
    StoreOptions options;
    options.path = path;
    options.store_id = "0042";
    options.vfs = vfs_;
    return options;
  }
  // Opened without faults: everything is there, and a sale goes on behind it.
  void Check(const std::string& path) {
    auto store = JournalStore::Open(Options(path), WallTime{}, &random_);
    ASSERT_TRUE(store.ok()) << store.status().message();
    EXPECT_EQ((*store)->current().head, static_cast<uint64_t>(kSales));
    AppendRequest request;
    request.entries.emplace_back(SaleDraft("03", kSales + 1));
    ASSERT_TRUE((*store)->Begin().ok());
    ASSERT_TRUE((*store)->Append(request, WallTime{}).ok());
    ASSERT_TRUE((*store)->Commit().ok());
    store->reset();
    auto reported = Verify(path, nullptr);
    ASSERT_TRUE(reported.ok()) << reported.status().message();
    EXPECT_EQ(reported->rows, static_cast<uint64_t>(kSales + 1));
    EXPECT_TRUE(reported->faults.empty());
  }

  testing::SeededRandom random_{1};
  std::string vfs_;
};

TEST_F(JournalMigrateTest, TheVersionBeforeIsBroughtForward) {
  testing::TempDir dir;
  Make(dir / "journal.db");
  Check(dir / "journal.db");
}

TEST_F(JournalMigrateTest, APowerCutAtAnyWriteOfItLosesNothing) {
  FaultVfs& vfs = FaultVfs::Instance();
  vfs_ = FaultVfs::kName;
  int cuts = 0;
  for (uint64_t at = 1;; ++at) {
    SCOPED_TRACE("cut at " + std::to_string(at));
    testing::TempDir dir;
    const std::string path = dir / "journal.db";
    vfs.Reset();
    ASSERT_NO_FATAL_FAILURE(Make(path));
    vfs.FailAt(vfs.operations() + at, FaultVfs::Failure::kIo, true);
    JournalStore::Open(Options(path), WallTime{}, &random_).status().code();
    if (!vfs.failed()) break;
    vfs.Cut(&random_);
    vfs.FailAt(0, FaultVfs::Failure::kIo, false);
    ASSERT_NO_FATAL_FAILURE(Check(path));
    ++cuts;
  }
  EXPECT_GT(cuts, 10);
}

}  // namespace
}  // namespace tillrelay::journal
