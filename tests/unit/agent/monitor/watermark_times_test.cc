// When a number has passed a mark: never told too early, and not at all where nobody has seen it.
#include "agent/monitor/watermark_times.h"

#include <gtest/gtest.h>

namespace tillrelay::monitor {
namespace {

WallTime At(int64_t second) { return WallTime(std::chrono::seconds(1'795'000'000 + second)); }

class CrossingsTest : public ::testing::Test {
 protected:
  void Saw(uint64_t sent, uint64_t acked, uint64_t confirmed, int64_t second) {
    c_.Saw({stream_, {sent, acked, confirmed}, At(second)});
  }
  std::string stream_ = "S1";
  WatermarkTimes c_;
};

TEST_F(CrossingsTest, ANumberHasTheTimeOfTheFirstLookThatSawItPassed) {
  Saw(0, 0, 0, 0);
  Saw(5, 3, 0, 1);
  Saw(9, 9, 3, 2);
  EXPECT_EQ(c_.When(WatermarkTimes::kSent, "S1", 5), At(1));
  EXPECT_EQ(c_.When(WatermarkTimes::kSent, "S1", 6), At(2));
  EXPECT_EQ(c_.When(WatermarkTimes::kAcked, "S1", 4), At(2));
  EXPECT_EQ(c_.When(WatermarkTimes::kConfirmed, "S1", 4), WallTime{}) << "not yet";
}

TEST_F(CrossingsTest, WhatWasPassedBeforeTheStartHasNoTime) {
  Saw(100, 100, 100, 0);
  Saw(101, 101, 101, 1);
  EXPECT_EQ(c_.When(WatermarkTimes::kConfirmed, "S1", 100), WallTime{});
  EXPECT_EQ(c_.When(WatermarkTimes::kConfirmed, "S1", 101), At(1));
}

TEST_F(CrossingsTest, AnotherStreamKnowsNothingOfTheOldOne) {
  Saw(0, 0, 0, 0);
  Saw(5, 5, 5, 1);
  stream_ = "S2";
  Saw(0, 0, 0, 2);
  EXPECT_EQ(c_.When(WatermarkTimes::kSent, "S1", 3), WallTime{});
  EXPECT_EQ(c_.When(WatermarkTimes::kSent, "S2", 3), WallTime{});
}

TEST_F(CrossingsTest, ManyMarksBecomeCoarserAndNeverEarly) {
  Saw(0, 0, 0, 0);
  for (int64_t i = 1; i <= 50'000; ++i) Saw(static_cast<uint64_t>(i), 0, 0, i);
  for (const uint64_t n : {uint64_t{1}, uint64_t{777}, uint64_t{25'000}, uint64_t{50'000}}) {
    const WallTime when = c_.When(WatermarkTimes::kSent, "S1", n);
    EXPECT_GE(when, At(static_cast<int64_t>(n))) << n;
  }
  EXPECT_EQ(c_.When(WatermarkTimes::kSent, "S1", 50'000), At(50'000));
}

TEST_F(CrossingsTest, AMarkThatFallsBackIsNoNewTime) {
  Saw(0, 0, 0, 0);
  Saw(0, 0, 5, 1);
  Saw(0, 0, 2, 2);  // the collector was restored
  Saw(0, 0, 5, 3);
  EXPECT_EQ(c_.When(WatermarkTimes::kConfirmed, "S1", 4), At(1));
}

}  // namespace
}  // namespace tillrelay::monitor
