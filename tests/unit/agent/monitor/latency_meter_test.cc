#include "agent/monitor/latency_meter.h"

#include <gtest/gtest.h>

namespace tillrelay::monitor {
namespace {

using std::chrono::minutes;

class LatencyMeterTest : public testing::Test {
 protected:
  std::optional<double> After(Duration passed, int events, double seconds) {
    now_ += passed;
    for (int i = 0; i < events; ++i) counts_.Add(seconds);
    return meter_.Feed(now_, counts_);
  }
  Instant now_{};
  uplink::LatencyHistogram counts_{uplink::kLatencyBounds};
  LatencyMeter meter_;
};

TEST_F(LatencyMeterTest, NothingIsSaidBeforeAnEventHasComeThrough) {
  EXPECT_EQ(After(minutes(0), 0, 0), std::nullopt);
  EXPECT_EQ(After(minutes(20), 0, 0), std::nullopt);
  EXPECT_NEAR(After(minutes(0), 1, 0.3).value(), 375, 126);
}

TEST_F(LatencyMeterTest, WhatIsOlderThanAnHourCountsNoMore) {
  After(minutes(0), 0, 0);
  After(minutes(1), 1000, 1200);  // a long outage
  std::optional<double> median;
  for (int i = 0; i < 11; ++i) median = After(minutes(5), 20, 0.02);
  EXPECT_GT(median.value(), 300'000) << "the outage lies within the hour";
  for (int i = 0; i < 3; ++i) median = After(minutes(5), 20, 0.02);
  EXPECT_LT(median.value(), 25);
  for (int i = 0; i < 13; ++i) median = After(minutes(5), 0, 0);
  EXPECT_EQ(median, std::nullopt) << "an hour without an event";
}

TEST_F(LatencyMeterTest, LooksEverySecondKeepTheHour) {
  After(minutes(0), 0, 0);
  After(minutes(1), 100, 40);
  std::optional<double> median;
  for (int i = 0; i < 50 * 60; ++i) median = After(std::chrono::seconds(1), 0, 0);
  EXPECT_TRUE(median) << "50 minutes old";
}

}  // namespace
}  // namespace tillrelay::monitor
