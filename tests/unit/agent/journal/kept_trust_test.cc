// What head office's clock has said of ours holds over a restart, so that a document from the
// future is known at once; and no longer than it would have held without one.
#include "agent/journal/journal.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/fault_disk.h"
#include "tests/support/manual_clock.h"
#include "tests/support/seeded_random.h"
#include "tests/support/temp_dir.h"

namespace tillrelay::journal {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class KeptTrustTest : public ::testing::Test {
 protected:
  KeptTrustTest() {
    std::filesystem::create_directory(dir_ / "journal");
    disk_.Watch(dir_ / "journal");
    Open();
  }
  ~KeptTrustTest() override {
    journal_.reset();
    disk_.StopWatching();
  }
  void Open() {
    JournalOptions options;
    options.store.path = dir_ / "journal/journal.db";
    options.store.store_id = "0042";
    options.min_free_bytes = 0;
    auto journal = Journal::Open(options, &clock_, &random_);
    ASSERT_TRUE(journal.ok()) << journal.status().message();
    journal_ = *std::move(journal);
  }
  void Compare(Duration ahead) { journal_->ClocksCompared(clock_.Now(), clock_.Wall(), ahead); }
  // After the next start.
  bool Trusted() {
    journal_.reset();
    Open();
    ClockTrust trust;
    if (const auto agreed = journal_->clock_agreed()) trust.Restore(*agreed);
    return trust.Trusted(clock_);
  }

  testing::TempDir dir_;
  testing::ManualClock clock_;
  testing::SeededRandom random_;
  testing::FaultDisk& disk_ = testing::FaultDisk::Instance();
  std::unique_ptr<Journal> journal_;
};

TEST_F(KeptTrustTest, AnAgreementHoldsOverARestartForADay) {
  EXPECT_FALSE(Trusted()) << "nothing has been heard";
  Compare(minutes(4));
  EXPECT_TRUE(Trusted());
  clock_.Advance(hours(23));
  EXPECT_TRUE(Trusted());
  clock_.Advance(hours(2));
  EXPECT_FALSE(Trusted());
}

TEST_F(KeptTrustTest, ADisagreementTakesItBackForGood) {
  Compare(seconds(1));
  EXPECT_TRUE(Trusted());
  Compare(minutes(6));
  EXPECT_FALSE(Trusted());
  Compare(seconds(1));
  EXPECT_TRUE(Trusted());
}

TEST_F(KeptTrustTest, AClockThatWasSetMeanwhileIsNotTrusted) {
  Compare(seconds(1));
  clock_.SetWall(clock_.Wall() + hours(1));
  EXPECT_FALSE(Trusted());
  clock_.SetWall(clock_.Wall() - hours(1));
  EXPECT_TRUE(Trusted());
}

TEST_F(KeptTrustTest, OverAnotherRunOfTheKernelTheWallClockMustNotGoBack) {
  Compare(seconds(1));
  journal_.reset();
  disk_.Reboot();  // its instants count from zero again
  clock_.SetWall(clock_.Wall() + hours(2));
  Open();
  EXPECT_TRUE(Trusted());
  clock_.SetWall(clock_.Wall() + hours(23));
  EXPECT_FALSE(Trusted()) << "longer ago than a day";
  Compare(seconds(1));
  EXPECT_TRUE(Trusted());
  disk_.Reboot();
  clock_.SetWall(clock_.Wall() - hours(1));
  EXPECT_FALSE(Trusted());
}

TEST_F(KeptTrustTest, AnAgreementIsWrittenDownOnceInAWhile) {
  Compare(seconds(1));
  clock_.Advance(minutes(30));
  Compare(seconds(1));
  clock_.Advance(hours(24) - minutes(10));
  EXPECT_TRUE(Trusted());
}

}  // namespace
}  // namespace tillrelay::journal
