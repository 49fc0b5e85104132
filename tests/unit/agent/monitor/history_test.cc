// The history tells each minute once, for as long as it was seen, whatever the clock does.
#include "agent/monitor/history.h"

#include <gtest/gtest.h>

#include "tests/support/manual_clock.h"

namespace tillrelay::monitor {
namespace {

using std::chrono::seconds;
enum Series {
  kWaiting,
  kStored,
  kConfirmed,
  kBroker50,
  kBroker99,
  kCentre50,
  kCentre99,
  kConnected
};

class HistoryGaugeTest : public ::testing::Test {
 protected:
  std::optional<journal::HistoryPoint> Tick() {
    return gauge_.Tick({journal_, uplink_, clock_.Now(), clock_.Wall()});
  }
  // Looks once a second; the points that came.
  std::vector<journal::HistoryPoint> Pass(int count, int stored_each = 0) {
    std::vector<journal::HistoryPoint> points;
    for (int i = 0; i < count; ++i) {
      clock_.Advance(seconds(1));
      journal_.stored_total += static_cast<uint64_t>(stored_each);
      journal_.head += static_cast<uint64_t>(stored_each);
      if (auto point = Tick()) points.push_back(*point);
    }
    return points;
  }
  journal::JournalStats journal_;
  uplink::UplinkStats uplink_;
  tillrelay::testing::ManualClock clock_;  // stands at a full minute
  HistoryGauge gauge_;
};

TEST_F(HistoryGaugeTest, EachMinuteIsToldOnceWithItsRates) {
  Tick();
  const auto points = Pass(180, 5);
  ASSERT_EQ(points.size(), 3u);
  EXPECT_EQ(points[1].at_s - points[0].at_s, 60);
  EXPECT_EQ(points[0].at_s % 60, 0);
  for (const auto& point : points) {
    EXPECT_DOUBLE_EQ(*point.values[kStored], 5);
    EXPECT_DOUBLE_EQ(*point.values[kConfirmed], 5);
    EXPECT_FALSE(point.values[kBroker50]) << "nothing was acknowledged";
  }
}

TEST_F(HistoryGaugeTest, WhatWaitsIsTheMostOfTheMinuteAndConnectedAShare) {
  Tick();
  uplink_.phase = uplink::LinkPhase::kOnline;
  Pass(30);
  journal_.waiting = 7;
  journal_.head = 100;
  Pass(1);
  journal_.waiting = 0;
  uplink_.phase = uplink::LinkPhase::kWaiting;
  const auto points = Pass(29);
  ASSERT_EQ(points.size(), 1u);
  EXPECT_EQ(*points[0].values[kWaiting], 7);
  EXPECT_NEAR(*points[0].values[kConnected], 31.0 / 60, 0.001);
}

TEST_F(HistoryGaugeTest, ABacklogThatDrainsConfirmsMoreThanItStores) {
  journal_.head = 1000;
  journal_.waiting = 600;
  Tick();
  Pass(59);
  journal_.waiting = 0;
  EXPECT_NEAR(*Pass(1)[0].values[kConfirmed], 10, 0.001);
}

TEST_F(HistoryGaugeTest, AClockThatIsSetBackOrForwardTellsNoRateThatNeverWas) {
  Tick();
  Pass(30, 5);
  clock_.SetWall(clock_.Wall() - std::chrono::hours(24));
  auto points = Pass(1, 5);
  ASSERT_EQ(points.size(), 1u);
  EXPECT_NEAR(*points[0].values[kStored], 5, 0.001);
  clock_.SetWall(clock_.Wall() + std::chrono::hours(87'600));
  points = Pass(1, 5);
  ASSERT_EQ(points.size(), 1u);
  EXPECT_NEAR(*points[0].values[kStored], 5, 0.001);
}

TEST_F(HistoryGaugeTest, AForkOrAnotherJournalIsNoNegativeRate) {
  journal_.stored_total = journal_.head = 1000;
  Tick();
  Pass(30);
  journal_.stored_total = journal_.head = 3;
  EXPECT_EQ(*Pass(30)[0].values[kStored], 0);
}

TEST_F(HistoryGaugeTest, LatencyIsOfTheMinuteAloneAndLiesInItsClass) {
  for (int i = 0; i < 1000; ++i) uplink_.to_broker.Add(3000);
  Tick();
  for (int i = 0; i < 99; ++i) uplink_.to_broker.Add(0.003);
  uplink_.to_broker.Add(2);
  const auto points = Pass(60);
  EXPECT_GT(*points[0].values[kBroker50], 2.5);
  EXPECT_LE(*points[0].values[kBroker50], 5);
  EXPECT_LE(*points[0].values[kBroker99], 5);
  EXPECT_FALSE(points[0].values[kCentre50]);
}

TEST(LatencyMsTest, NothingIsNoNumberAndTheLastClassHasTheLastBound) {
  uplink::LatencyHistogram counts{uplink::kLatencyBounds};
  EXPECT_FALSE(LatencyMs(counts, 0.5));
  counts.Add(1e9);
  EXPECT_EQ(*LatencyMs(counts, 0.99), 3'600'000);
}

}  // namespace
}  // namespace tillrelay::monitor
