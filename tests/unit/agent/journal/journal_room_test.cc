// What may be written, what goes when that is little, and how long the log may get.
#include "agent/journal/room.h"

#include <unistd.h>

#include <fstream>

#include "agent/journal/paths.h"
#include "common/sqlite/sqlite.h"
#include "tests/support/fault_vfs.h"
#include "tests/unit/agent/journal/journal_fixture.h"

namespace tillrelay::journal {
namespace {

constexpr uint64_t kMb = 1024 * 1024;

TEST(Room, FreePagesCountAsRoomAndAReaderTakesThemAway) {
  struct Case {
    const char* what;
    RoomSample sample;  // MB
    RoomLimits limits;
    uint64_t bytes;
    bool own_limit;
  };
  const Case cases[] = {
      {"free disk above its bound", {10, 1, 10, 0, 100, 70}, {0, 64}, 6, false},
      {"free pages are written first", {50, 1, 50, 40, 60, 1}, {0, 0}, 41, false},
      {"they do not lower what the disk has free", {50, 1, 50, 40, 60, 1}, {0, 64}, 40, false},
      {"the log's growth is spoken for", {10, 8, 15, 0, 100, 70}, {0, 64}, 1, false},
      {"a held log cannot use free pages", {50, 9, 50, 40, 60, 1}, {0, 0}, 1, false},
      {"a full disk", {50, 1, 50, 0, 60, 0}, {0, 0}, 0, false},
      {"less than the bound is nothing", {50, 1, 50, 0, 60, 3}, {0, 64}, 0, false},
      {"our own limit", {30, 1, 30, 0, 1000, 900}, {40, 0}, 9, true},
      {"free pages against our own limit", {40, 1, 40, 30, 1000, 900}, {40, 0}, 29, true},
      {"past our own limit", {50, 9, 50, 0, 1000, 900}, {40, 0}, 0, true},
      {"the disk ends first", {30, 1, 30, 0, 1000, 5}, {40, 0}, 5, false},
  };
  for (const Case& c : cases) {
    RoomSample s = c.sample;
    for (uint64_t* value : {&s.file_bytes, &s.log_bytes, &s.content_bytes, &s.reusable_bytes,
                            &s.disk_bytes, &s.disk_free_bytes}) {
      *value *= kMb;
    }
    const Room room = RoomIn(s, {c.limits.max_bytes * kMb, c.limits.min_free_bytes * kMb});
    EXPECT_EQ(room.bytes, c.bytes * kMb) << c.what;
    EXPECT_EQ(room.own_limit, c.own_limit) << c.what;
  }
}

class JournalRoomTest : public JournalThreadTest {
 protected:
  // A program that reads the journal, as `sqlite3` does between BEGIN and COMMIT.
  sqlite::Database Reader() {
    auto db = sqlite::Database::Open(path_, {.read_only = true});
    EXPECT_TRUE(db.ok());
    EXPECT_TRUE(db->Exec("BEGIN; SELECT count(*) FROM event").ok());
    return *std::move(db);
  }
};

TEST_F(JournalRoomTest, ADrainedJournalAcceptsAgainByItself) {
  options_.max_bytes = 4 * kMb;
  Open();
  while (SendSales(64).ok()) {
  }
  EXPECT_EQ(journal_->Stats().floor, 1u) << "what waits is never deleted";
  const uint64_t full_at = stored_;
  Await([&] { return !journal_->Refusing().empty(); });
  ConfirmAll();
  Await([&] { return journal_->Refusing().empty(); });
  ASSERT_TRUE(SendSales(64).ok());
  const JournalStats stats = journal_->Stats();
  EXPECT_EQ(stats.head, full_at + 64);
  EXPECT_GT(stats.floor, 1u);
  EXPECT_TRUE(stats.retention_cut_short);
  EXPECT_NE(stats.oldest_kept_at, WallTime{});
  Reopen();
  EXPECT_TRUE(journal_->Stats().retention_cut_short) << "known after a start as well";
  EXPECT_EQ(journal_->Stats().head, full_at + 64);
}

TEST_F(JournalRoomTest, AJournalWhoseLineIsWellNeverRefuses) {
  options_.max_bytes = 4 * kMb;
  Open();
  const uint64_t most = 16'384;  // several times what the limit holds
  while (stored_ < most) {
    ASSERT_TRUE(SendSales(64).ok()) << stored_ << ": " << journal_->Refusing();
    ConfirmAll();
  }
  EXPECT_EQ(journal_->Stats().head, most);
  EXPECT_LE(journal_->Stats().journal_bytes, options_.max_bytes + kLogLimitBytes);
}

TEST_F(JournalRoomTest, WithoutALiveConfirmationNothingGoesBeforeItsRetention) {
  options_.max_bytes = 2 * kMb;
  Open();
  while (SendSales(64).ok()) {
  }
  const JournalStats stats = journal_->Stats();
  journal_->SaveConfirmation({stats.stream, stats.head, {}, {}, true});
  Await([&] { return journal_->Stats().confirmed_through == stats.head; });
  const uint64_t commits = journal_->Stats().commits_total;
  for (int i = 0; i < 20; ++i) {
    journal_->Audit({});
    Await([&] { return journal_->Stats().commits_total > commits + static_cast<uint64_t>(i); });
  }
  EXPECT_EQ(journal_->Stats().floor, 1u);
  EXPECT_FALSE(journal_->Refusing().empty());
  EXPECT_FALSE(journal_->Stats().retention_cut_short);
}

TEST_F(JournalRoomTest, PlentyOfRoomLeavesTheRetentionAlone) {
  Open();
  ASSERT_TRUE(SendSales(1024).ok());
  ConfirmAll();
  ASSERT_TRUE(SendSales(1).ok());
  EXPECT_EQ(journal_->Stats().floor, 1u);
  EXPECT_FALSE(journal_->Stats().retention_cut_short);
}

TEST_F(JournalRoomTest, ALogThatAReaderHeldIsCutBackWhenTheReaderIsGone) {
  Open();
  ASSERT_TRUE(SendSales(1).ok());
  sqlite::Database reader = Reader();
  while (Bytes("-wal") <= kLogLimitBytes) ASSERT_TRUE(SendSales(256).ok());
  EXPECT_TRUE(journal_->Refusing().empty()) << "a reader is no reason to refuse";
  ASSERT_TRUE(reader.Exec("COMMIT").ok());  // and nothing is written any more
  Await([&] { return Bytes("-wal") <= kLogLimitBytes; });
  ASSERT_TRUE(SendSales(1).ok());
}

TEST_F(JournalRoomTest, ACleanStopLeavesNoLogThatIsStillOpenElsewhere) {
  Open();
  ASSERT_TRUE(SendSales(1).ok());
  sqlite::Database idle = Reader();
  ASSERT_TRUE(idle.Exec("COMMIT").ok());  // stays open, so that the log is not deleted
  ASSERT_TRUE(SendSales(64).ok());
  ASSERT_GT(Bytes("-wal"), 0u);
  journal_->Stop();
  EXPECT_EQ(Bytes("-wal"), 0u);
}

TEST_F(JournalRoomTest, UnderItsLimitAReaderIsToldOfAndItsEndHeals) {
  options_.max_bytes = 12 * kMb;
  Open();
  ASSERT_TRUE(SendSales(1).ok());
  sqlite::Database reader = Reader();
  while (SendSales(64).ok()) ConfirmAll();
  ASSERT_TRUE(reader.Exec("COMMIT").ok());
  Await([&] { return journal_->Refusing().empty(); });
  EXPECT_TRUE(SendSales(64).ok());
}

// Room for events alone is not enough: the confirmations of what is accepted have to be written
// too.
TEST_F(JournalRoomTest, WithoutAReserveNothingIsAccepted) {
  const std::string reserve = BallastPath(path_);
  ASSERT_EQ(mkdir(reserve.c_str(), 0700), 0);  // none can be made
  Open();
  EXPECT_NE(journal_->Refusing().find("no room for the reserve"), std::string::npos);
  EXPECT_EQ(SendSales(1).status().code(), Code::kFull);
  ASSERT_EQ(rmdir(reserve.c_str()), 0);
  Await([&] { return journal_->Refusing().empty(); });
  EXPECT_TRUE(SendSales(1).ok());
}

// The reserve goes when the disk is full, the log starts over in the place that it has, and the
// reserve is made again.
TEST_F(JournalRoomTest, AFullDiskGivesUpTheReserveStartsTheLogOverAndMakesItAgain) {
  auto& vfs = testing::FaultVfs::Instance();
  vfs.Reset();
  Open(testing::FaultVfs::kName);
  ASSERT_TRUE(SendSales(1).ok());
  const std::string reserve = BallastPath(path_), kept = dir_ / "kept";
  ASSERT_EQ(Bytes(".ballast"), Ballast::kBytes);
  ASSERT_EQ(link(reserve.c_str(), kept.c_str()), 0);  // still there when its name is gone
  const auto header = [&] {
    std::ifstream log(WalPath(path_), std::ios::binary);
    std::string bytes(32, '\0');
    log.read(bytes.data(), 32);
    return bytes;
  };
  const std::string before = header();
  // The journal's own housekeeping may meet the failure first, and goes on without a word.
  Code outcome = Code::kOk;
  while (outcome == Code::kOk) {
    vfs.FailAt(vfs.operations() + 1, testing::FaultVfs::Failure::kFull, false);
    outcome = SendSales(1).status().code();
  }
  EXPECT_EQ(outcome, Code::kFull);
  Await([&] { return journal_->Refusing().empty(); });
  ASSERT_TRUE(SendSales(1).ok());
  EXPECT_NE(header(), before);
  Await([&] { return Bytes(".ballast") == Ballast::kBytes; });
  struct stat info {};
  ASSERT_EQ(stat(kept.c_str(), &info), 0);
  EXPECT_EQ(info.st_nlink, 1u) << "it was never given up";
}

}  // namespace
}  // namespace tillrelay::journal
