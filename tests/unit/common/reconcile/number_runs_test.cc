#include "common/reconcile/number_runs.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace tillrelay::reconcile {
namespace {

std::string GapsOf(const NumberRuns& runs, uint64_t from, uint64_t through) {
  std::string text;
  for (const auto& run : runs.Missing(from, through)) text += RunText(run) + " ";
  return text;
}

TEST(NumberRuns, NeighboursBecomeOneRun) {
  NumberRuns runs;
  for (const uint64_t n : {5u, 3u, 4u, 9u, 1u, 2u}) EXPECT_TRUE(runs.Add(n));
  EXPECT_EQ(runs.Text(), "1-5,9");
  EXPECT_EQ(GapsOf(runs, 1, 9), "6-8 ");
  EXPECT_EQ(GapsOf(runs, 0, 12), "0 6-8 10-12 ");
  EXPECT_EQ(runs.size(), 6u);
}

TEST(NumberRuns, AgreesWithASetWhateverTheOrder) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    NumberRuns runs;
    std::set<uint64_t> model;
    for (int i = 0; i < 200; ++i) {
      const uint64_t number = random() % 150;
      EXPECT_TRUE(runs.Add(number));
      model.insert(number);
    }
    for (uint64_t n = 0; n < 160; ++n) EXPECT_EQ(runs.Contains(n), model.contains(n)) << n;
    EXPECT_EQ(runs.size(), model.size());
    NumberRuns again;
    EXPECT_TRUE(again.Parse(runs.Text()));
    EXPECT_EQ(again.Text(), runs.Text());
  }
}

TEST(NumberRuns, AScatteredRegisterIsBounded) {
  NumberRuns runs;
  for (uint64_t i = 0; i < NumberRuns::kMaxRuns; ++i) EXPECT_TRUE(runs.Add(i * 2));
  EXPECT_FALSE(runs.Add(1'000'000));
  EXPECT_TRUE(runs.Add(1));  // joins two
  EXPECT_TRUE(runs.Add(1'000'000));
}

TEST(NumberRuns, ForeignTextIsRefusedAndChangesNothing) {
  NumberRuns runs;
  runs.Add(7);
  for (const char* text : {"1-", "5-3", "1,2", "3,1", "a", "1 ,2", "1,,3", "-4"}) {
    EXPECT_FALSE(runs.Parse(text)) << text;
  }
  EXPECT_EQ(runs.Text(), "7");
}

}  // namespace
}  // namespace tillrelay::reconcile
