// Two files that are one: heads and rows of receipts, in whatever order and however far apart they
// come.
#include "tests/unit/agent/capture/drop_fixture.h"

namespace tillrelay::capture {
namespace {

constexpr const char* kHeads = "id,no,t,state\nx,1,2026-11-21T10:00:00,Closed\n";
constexpr const char* kRows = "id,sku,q\nx,A,2\nx,B,1\n";

formats::CsvProfile Pair() {
  formats::CsvProfile profile;
  profile.name = "pair";
  profile.files = "rows*.csv";
  profile.head_files = "heads*.csv";
  profile.joined_by = {"id"};
  profile.store_id = "0042";
  profile.register_id = "03";
  profile.columns = {
      {"number", "no"}, {"time", "t"}, {"sku", "sku"}, {"quantity", "q"}, {"status", "state"}};
  return profile;
}

class DropPairTest : public DropFolderTest {
 protected:
  void SetUp() override {
    intake_options_.csv = {Pair()};
    DropFolderTest::SetUp();
  }
  void Wait(std::chrono::seconds time) {
    clock_.Advance(time);
    Settle();
  }
};

TEST_F(DropPairTest, BothAreTakenTogetherInEitherOrder) {
  Drop("rows-1.csv", kRows);
  Settle();
  EXPECT_EQ(Head(), 0u);
  EXPECT_EQ(In("incoming"), Names{"rows-1.csv"});
  Drop("heads-1.csv", kHeads);
  Settle();
  EXPECT_EQ(Head(), 1u);
  EXPECT_EQ(In("incoming"), Names{});
  EXPECT_EQ(In("done"), (Names{"heads-1.csv", "rows-1.csv"}));

  Drop("heads-2.csv", std::string(kHeads).replace(16, 1, "2"));
  Settle();
  Drop("rows-2.csv", kRows);
  Settle();
  EXPECT_EQ(In("incoming"), Names{});
  EXPECT_EQ(In("done").size(), 4u);
}

TEST_F(DropPairTest, OnlyWhatBelongsTogetherIsJoined) {
  Drop("rows-1.csv", kRows);
  Drop("heads-2.csv", kHeads);
  Settle();
  EXPECT_EQ(Head(), 0u);
  EXPECT_EQ(In("incoming"), (Names{"heads-2.csv", "rows-1.csv"}));
}

TEST_F(DropPairTest, AHalfIsToldAboutAfterTenMinutes) {
  for (const char* name : {"rows-1.csv", "heads-2.csv"}) {
    Drop(name, kRows);
    Settle();
    Wait(std::chrono::minutes(9));
    EXPECT_EQ("", Stats().drop_folder_error) << name;
    Wait(std::chrono::minutes(2));
    EXPECT_NE(std::string::npos, Stats().drop_folder_error.find(name)) << Stats().drop_folder_error;
    EXPECT_EQ(Stats().files_waiting, 1u);
    std::filesystem::remove(Path("incoming/" + std::string(name)));
    Settle();
    EXPECT_EQ("", Stats().drop_folder_error) << "it is said no longer than it is so";
  }
}

TEST_F(DropPairTest, AHalfThatIsStillWrittenIsWaitedFor) {
  Drop("rows-1.csv", kRows);
  Copy("heads-1.csv", std::string(kHeads).substr(0, 20));
  folder_->Scan();
  EXPECT_EQ(Head(), 0u);
  Copy("heads-1.csv", kHeads);
  Settle();
  EXPECT_EQ(Head(), 1u);
}

TEST_F(DropPairTest, WhatDoesNotFitTogetherIsRejectedWhole) {
  Drop("heads-1.csv", kHeads);
  Drop("rows-1.csv", "id,sku,q\ny,A,2\n");
  Settle();
  EXPECT_EQ(Head(), 0u);
  EXPECT_EQ(In("incoming"), Names{});
  EXPECT_EQ(In("rejected"), (Names{"heads-1.csv", "rows-1.csv", "rows-1.csv.reason"}));
  EXPECT_NE(std::string::npos, Content("rejected/rows-1.csv.reason").find("has no head"));
}

TEST_F(DropPairTest, ThePairAgainCountsNothingAgain) {
  for (int time = 0; time < 2; ++time) {
    Drop("heads-1.csv", kHeads);
    Drop("rows-1.csv", kRows);
    Settle();
  }
  EXPECT_EQ(Head(), 1u);
  EXPECT_EQ(In("incoming"), Names{});
}

}  // namespace
}  // namespace tillrelay::capture
