// A copy that is made while the daemon writes, what verify says of damage, and the way back, which
// always ends in a new stream.
#include "agent/journal/repair/backup.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "agent/journal/paths.h"
#include "tests/unit/agent/journal/journal_store_fixture.h"

namespace tillrelay::journal {
namespace {

using testing::SaleDraft;
namespace fs = std::filesystem;

class JournalBackupTest : public JournalStoreTest {
 protected:
  void Sell(int from, int through) {
    for (int first = from; first <= through; first += 200) {
      std::vector<Entry> entries;
      for (int i = first; i < first + 200 && i <= through; ++i) {
        entries.emplace_back(SaleDraft("03", i));
      }
      ASSERT_TRUE(Append(std::move(entries)).ok());
    }
  }
  void Confirm(uint64_t through) {
    auto chain =
        JournalReader::Open(options_.path, "0042").value()->ChainAt(store_->current(), through);
    ASSERT_TRUE(store_->Begin().ok());
    store_->SaveConfirmed(through, *chain);
    ASSERT_TRUE(store_->Commit().ok());
  }
  void Sql(const std::string& path, const char* sql) {
    auto db = sqlite::Database::Open(path, {});
    ASSERT_TRUE(db.ok());
    const Status done = db->Exec(sql);
    ASSERT_TRUE(done.ok()) << done.message();
  }
  std::vector<std::string> FaultsOf(const std::string& path) {
    auto reported = Verify(path, nullptr);
    if (!reported.ok()) return {reported.status().message()};
    return reported->faults;
  }
  Result<RestoreTold> Restore() {
    return RestoreBackup(copy_, options_, WallTime{std::chrono::hours(1)}, &random_);
  }

  const std::string copy_ = dir_ / "copy.db";
};

TEST_F(JournalBackupTest, HoldsEveryRowInOneFile) {
  Sell(1, 2500);
  Confirm(1200);
  auto reported = Backup(options_.path, copy_, nullptr);
  ASSERT_TRUE(reported.ok()) << reported.status().message();
  EXPECT_EQ(reported->verified.rows, 2500u);
  EXPECT_EQ(reported->verified.waiting, 1300u);
  EXPECT_TRUE(reported->verified.faults.empty());
  EXPECT_EQ(reported->verified.head_chain, ToHex(BytesOf(store_->current().head_chain)));
  EXPECT_EQ(reported->sha256.size(), 64u);
  EXPECT_EQ(reported->bytes, fs::file_size(copy_));
  EXPECT_FALSE(fs::exists(copy_ + "-wal"));
  EXPECT_FALSE(fs::exists(copy_ + ".partial"));
}

TEST_F(JournalBackupTest, WhatIsStoredMeanwhileIsLeftOutWhole) {
  Sell(1, 2500);
  int more = 2500;
  auto reported = Backup(options_.path, copy_, [&](uint64_t, uint64_t) {
    Sell(more + 1, more + 10);
    more += 10;
  });
  ASSERT_TRUE(reported.ok()) << reported.status().message();
  EXPECT_GT(store_->current().head, 2500u);
  EXPECT_EQ(reported->verified.head, 2500u);
  EXPECT_EQ(reported->verified.rows, 2500u);
  EXPECT_TRUE(reported->verified.faults.empty()) << reported->verified.faults.front();
  auto known = sqlite::Database::Open(copy_, {})->QueryInt("SELECT max(position) FROM known");
  EXPECT_EQ(*known, 2500);
}

TEST_F(JournalBackupTest, NeverOverwritesAFile) {
  std::ofstream(copy_) << "precious";
  EXPECT_FALSE(Backup(options_.path, copy_, nullptr).ok());
  EXPECT_EQ(fs::file_size(copy_), 8u);
}

TEST_F(JournalBackupTest, ADeletionUnderItStartsItAgainAndASecondOneIsWhole) {
  Sell(1, 3000);
  bool deleted = false;
  auto reported = Backup(options_.path, copy_, [&](uint64_t, uint64_t) {
    if (std::exchange(deleted, true)) return;
    Confirm(3000);
    while (*store_->Trim(Duration(0))) {
    }
  });
  ASSERT_TRUE(reported.ok()) << reported.status().message();
  EXPECT_EQ(reported->verified.waiting, 0u);
  EXPECT_TRUE(reported->verified.faults.empty());
}

TEST_F(JournalBackupTest, AForkUnderItStartsItAgainAndASecondOneIsWhole) {
  Sell(1, 3000);
  Confirm(100);
  bool forked = false;
  auto reported = Backup(options_.path, copy_, [&](uint64_t, uint64_t) {
    if (std::exchange(forked, true)) return;
    ASSERT_TRUE(store_->Fork(2001, "a test says so", WallTime{}, &random_).ok());
  });
  ASSERT_TRUE(reported.ok()) << reported.status().message();
  EXPECT_TRUE(forked);
  EXPECT_EQ(reported->verified.head_chain, ToHex(BytesOf(store_->current().head_chain)));
  EXPECT_TRUE(reported->verified.faults.empty()) << reported->verified.faults.front();
}

TEST_F(JournalBackupTest, ARestoreMovesTheLogAsideWithItsFile) {
  Sell(1, 50);
  ASSERT_TRUE(Backup(options_.path, copy_, nullptr).ok());
  Sell(51, 60);
  const std::string log = WalPath(options_.path), kept = dir_ / "log";
  fs::copy_file(log, kept);
  Close();
  fs::copy_file(kept, log, fs::copy_options::overwrite_existing);  // as kill -9 leaves it
  const auto size = fs::file_size(log);
  auto reported = Restore();
  ASSERT_TRUE(reported.ok()) << reported.status().message();
  EXPECT_EQ(fs::file_size(WalPath(reported->moved_to)), size);
  EXPECT_FALSE(fs::exists(log) && fs::file_size(log) == size);
}

TEST_F(JournalBackupTest, ARestoreGoesOnInANewStreamBehindTheCentresWord) {
  Sell(1, 50);
  Confirm(20);
  const std::string old_stream = store_->current().stream;
  ASSERT_TRUE(Backup(options_.path, copy_, nullptr).ok());
  Sell(51, 60);
  Close();
  auto reported = Restore();
  ASSERT_TRUE(reported.ok()) << reported.status().message();
  EXPECT_TRUE(fs::exists(reported->moved_to));
  Reopen();
  EXPECT_EQ(store_->current().stream, reported->stream);
  EXPECT_NE(store_->current().stream, old_stream);
  // stream_opened, what was not confirmed, and the loss of what had been given since.
  EXPECT_EQ(store_->current().head, 32u);
  EXPECT_EQ(store_->streams().front().head, 20u);
  EXPECT_EQ(Tell(SaleDraft("03", 20)), "duplicate 20");
  EXPECT_EQ(Tell(SaleDraft("03", 51)), "stored 33");  // told again after the restore
  EXPECT_TRUE(FaultsOf(options_.path).empty()) << FaultsOf(options_.path).front();
}

TEST_F(JournalBackupTest, ASecondRestoreDeclaresWhatTheFirstOneDeclared) {
  Sell(1, 50);
  Confirm(50);
  ASSERT_TRUE(Backup(options_.path, copy_, nullptr).ok());
  const std::string stream = store_->current().stream;
  Sell(51, 60);
  Close();
  ASSERT_TRUE(Restore().ok());
  ASSERT_TRUE(Restore().ok());
  Reopen();
  const auto& losses = store_->losses();
  const bool declared = std::any_of(losses.begin(), losses.end(), [&](const wire::Lost& loss) {
    return loss.stream == stream && loss.range == wire::Range{51, 60};
  });
  EXPECT_TRUE(declared);
}

// Whoever restores knows of the streams that are replaced: of those the page is silent when head
// office names them, however often the same copy comes back.
TEST_F(JournalBackupTest, TheStreamsOfEveryReplacedJournalAreKnown) {
  Sell(1, 50);
  Confirm(50);
  ASSERT_TRUE(Backup(options_.path, copy_, nullptr).ok());
  Close();
  std::vector<std::string> replaced;
  for (int again = 0; again < 3; ++again) {
    auto restored = Restore();
    ASSERT_TRUE(restored.ok()) << restored.status().message();
    Reopen();
    std::vector<std::string> known = store_->acknowledged_streams();
    std::sort(known.begin(), known.end());
    EXPECT_EQ(known, replaced);
    replaced.push_back(restored->stream);
    std::sort(replaced.begin(), replaced.end());
    Close();
  }
}

TEST_F(JournalBackupTest, ADamagedBackupIsRefusedAndTheJournalStays) {
  Sell(1, 50);
  ASSERT_TRUE(Backup(options_.path, copy_, nullptr).ok());
  Sql(copy_, "UPDATE event SET data=replace(data,'100234','100235') WHERE position=20");
  Close();
  auto reported = Restore();
  ASSERT_FALSE(reported.ok());
  EXPECT_EQ(reported.status().code(), Code::kCorrupt);
  EXPECT_FALSE(fs::exists(options_.path + ".restoring"));
  Reopen();
  EXPECT_EQ(store_->current().head, 50u);
}

TEST_F(JournalBackupTest, ARestoreUnderARunningDaemonIsRefused) {
  Sell(1, 5);
  ASSERT_TRUE(Backup(options_.path, copy_, nullptr).ok());
  EXPECT_FALSE(Restore().ok());
  EXPECT_EQ(store_->current().head, 5u);
}

TEST_F(JournalBackupTest, AnotherStoresBackupIsRefused) {
  Sell(1, 5);
  ASSERT_TRUE(Backup(options_.path, copy_, nullptr).ok());
  Close();
  options_.store_id = "0043";
  auto reported = Restore();
  ASSERT_FALSE(reported.ok());
  EXPECT_EQ(reported.status().code(), Code::kConflict);
}

TEST_F(JournalBackupTest, TokensComeBackWhereNoneAre) {
  Sell(1, 5);
  const std::string tokens = TokensPath(options_.path);
  std::ofstream(tokens) << R"({"tokens":[]})";
  ASSERT_TRUE(Backup(options_.path, copy_, nullptr).ok());
  Close();
  fs::remove(tokens);
  ASSERT_TRUE(Restore().ok());
  EXPECT_EQ(fs::file_size(tokens), 13u);
  auto db = sqlite::Database::Open(options_.path, {});
  EXPECT_FALSE(db->QueryText("SELECT value FROM meta WHERE key='tokens'").ok());
}

TEST_F(JournalBackupTest, VerifyNamesADamagedRowAndGoesOn) {
  Sell(1, 700);
  Close();
  Sql(options_.path, "UPDATE event SET data=replace(data,'100234','100235') WHERE position=20");
  Sql(options_.path, "UPDATE event SET subject='register/9/2026-11-21/1' WHERE position=600");
  const auto faults = FaultsOf(options_.path);
  ASSERT_EQ(faults.size(), 2u);
  EXPECT_NE(faults[0].find("number 20:"), std::string::npos) << faults[0];
  EXPECT_NE(faults[1].find("number 600:"), std::string::npos) << faults[1];
}

TEST_F(JournalBackupTest, VerifyNamesMissingRows) {
  Sell(1, 700);
  Close();
  Sql(options_.path, "DELETE FROM event WHERE position BETWEEN 300 AND 310");
  const auto faults = FaultsOf(options_.path);
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_NE(faults[0].find("300 to 310"), std::string::npos) << faults[0];
}

TEST_F(JournalBackupTest, VerifySeesAChangedMarkAndAChangedHead) {
  Sell(1, 600);
  Close();
  Sql(options_.path, "UPDATE chain_mark SET chain=zeroblob(16) WHERE sequence=256");
  ASSERT_FALSE(FaultsOf(options_.path).empty());
  EXPECT_NE(FaultsOf(options_.path)[0].find("number 256"), std::string::npos);
}

TEST_F(JournalBackupTest, VerifyOfTheNewestRowsLooksNoFurther) {
  Sell(1, 700);
  Close();
  Sql(options_.path, "UPDATE event SET data='{}' WHERE position=20");
  auto reported = Verify(options_.path, nullptr, 100);
  ASSERT_TRUE(reported.ok());
  EXPECT_EQ(reported->rows, 100u);
  EXPECT_TRUE(reported->faults.empty());
}

TEST_F(JournalBackupTest, VerifyRefusesWhatIsNoJournal) {
  std::ofstream(dir_ / "x.db") << std::string(4096, 'x');
  EXPECT_FALSE(Verify(dir_ / "x.db", nullptr).ok());
}

}  // namespace
}  // namespace tillrelay::journal
