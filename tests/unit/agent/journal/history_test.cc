// The history is two rings of rows: never more of them, whatever the clock does, and no truth.
#include "agent/journal/query/history.h"

#include <gtest/gtest.h>

#include "agent/journal/schema.h"
#include "tests/support/temp_dir.h"

namespace tillrelay::journal {
namespace {

constexpr int64_t kStart = 1'795'000'000 / 3600 * 3600;  // a full hour

class HistoryTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }
  void Open() {
    writer_ = HistoryWriter();
    db_.Close();
    auto db = sqlite::Database::Open(dir_ / "journal.db", {});
    ASSERT_TRUE(db.ok());
    db_ = *std::move(db);
    ASSERT_TRUE(PrepareSchema(&db_).ok());
    ASSERT_TRUE(PrepareHistory(&db_).ok());
    ASSERT_TRUE(writer_.Open(&db_).ok());
    ASSERT_TRUE(db_.Exec("PRAGMA synchronous=OFF").ok());  // ten thousand rows
  }
  void Save(int64_t at_s, double waiting, std::optional<double> latency = std::nullopt) {
    HistoryPoint point;
    point.at_s = at_s;
    point.values[0] = waiting;
    point.values[3] = latency;
    ASSERT_TRUE(writer_.Save(point).ok());
  }
  HistoryPoints Read(int64_t from_s, int64_t through_s, int64_t step_s) {
    auto found = ReadHistory(&db_, {step_s, from_s, through_s, {}});
    EXPECT_TRUE(found.ok());
    return found.ok() ? *found : HistoryPoints();
  }
  int64_t Rows() { return *db_.QueryInt("SELECT count(*) FROM history"); }

  tillrelay::testing::TempDir dir_;
  sqlite::Database db_;
  HistoryWriter writer_;
};

TEST_F(HistoryTest, AMinuteIsReadAsItWasWritten) {
  Save(kStart, 12.345, 0.8);
  const auto found = Read(kStart, kStart, 60);
  ASSERT_EQ(found.points.size(), 1u);
  EXPECT_EQ(found.points[0].at_s, kStart);
  EXPECT_DOUBLE_EQ(*found.points[0].values[0], 12.345);
  EXPECT_DOUBLE_EQ(*found.points[0].values[3], 0.8);
  EXPECT_FALSE(found.points[0].values[1]) << "not known is not 0";
}

TEST_F(HistoryTest, ATimeWithoutTheServiceIsAGap) {
  Save(kStart, 1);
  Save(kStart + 600, 2);
  const auto found = Read(kStart, kStart + 600, 60);
  ASSERT_EQ(found.points.size(), 2u);
  EXPECT_EQ(found.points[1].at_s, kStart + 600);
}

TEST_F(HistoryTest, TheRingOverwritesItsOldestMinuteAndNeverGrows) {
  for (int64_t i = 0; i < kMinutes + 90; ++i) Save(kStart + i * 60, static_cast<double>(i));
  EXPECT_EQ(*db_.QueryInt("SELECT count(*) FROM history WHERE tier=0"), kMinutes);
  const auto found = Read(kStart, kStart + (kMinutes + 89) * 60, 60);
  ASSERT_EQ(found.points.size(), static_cast<size_t>(kMinutes));
  EXPECT_EQ(*found.points.front().values[0], 90);
  EXPECT_EQ(*found.points.back().values[0], kMinutes + 89);
  EXPECT_EQ(*db_.QueryInt("SELECT count(*) FROM history WHERE tier=1"), 7 * 24 + 2);
}

TEST_F(HistoryTest, AnHourIsTheWorstOrTheMeanOfItsMinutesAlsoAcrossARestart) {
  Save(kStart, 10, 1.0);
  Open();
  Save(kStart + 60, 30, 3.0);
  Save(kStart + 3600, 99);
  const auto found = Read(kStart, kStart, 3600);
  ASSERT_EQ(found.points.size(), 1u);
  EXPECT_EQ(*found.points[0].values[0], 30);
  EXPECT_EQ(*found.points[0].values[3], 2);
}

TEST_F(HistoryTest, AClockSetBackOverwritesAndLeavesNoRowOfTheFutureInSight) {
  Save(kStart, 1);
  const int64_t ahead = kStart + 10 * 365 * 86'400LL;
  Save(ahead, 2);
  Save(kStart + 60, 3);
  Save(kStart, 4);
  const auto found = Read(kStart, kStart + 60, 60);
  ASSERT_EQ(found.points.size(), 2u);
  EXPECT_EQ(*found.points[0].values[0], 4);
  EXPECT_EQ(*found.points[1].values[0], 3);
  EXPECT_LE(Rows(), 6);
}

TEST_F(HistoryTest, ATimeBefore1970HasAPlaceToo) {
  Save(-120, 1);
  EXPECT_EQ(*db_.QueryInt("SELECT count(*) FROM history WHERE slot<0"), 0);
}

TEST_F(HistoryTest, FiveMinutesAreOnePoint) {
  for (int i = 0; i < 10; ++i) Save(kStart + i * 60, i);
  const auto found = Read(kStart, kStart + 300, 300);
  ASSERT_EQ(found.points.size(), 2u);
  EXPECT_EQ(*found.points[0].values[0], 4);
  EXPECT_EQ(*found.points[1].values[0], 9);
}

TEST_F(HistoryTest, AFileWithItKeepsItsVersionSoThatAnOlderProgramOpensIt) {
  EXPECT_EQ(*db_.QueryInt("PRAGMA user_version"), kSchemaVersion);
  EXPECT_TRUE(db_.Exec("DROP TABLE history").ok());
  Open();
  Save(kStart, 1);
  EXPECT_EQ(Rows(), 2);
}

}  // namespace
}  // namespace tillrelay::journal
