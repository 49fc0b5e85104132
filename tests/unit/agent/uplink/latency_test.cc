// How long events take: each is measured once, and what cannot be is left out.
#include "agent/uplink/latency.h"

#include <gtest/gtest.h>

namespace tillrelay::uplink {
namespace {

WallTime At(int64_t ms) { return WallTime(std::chrono::milliseconds(1'795'000'000'000 + ms)); }

TEST(LatencyTest, AnEventIsMeasuredToTheBrokerAndToTheCentre) {
  Latency latency;
  latency.Sent(1, At(0));
  latency.Sent(2, At(0));
  latency.AckedThrough(1, At(3));
  EXPECT_EQ(latency.broker().count(), 1u);
  EXPECT_EQ(latency.broker().counts()[3], 1u) << "at most 5 ms";
  latency.ConfirmedThrough(2, At(40));
  EXPECT_EQ(latency.centre().count(), 2u);
  EXPECT_NEAR(latency.centre().sum(), 0.08, 1e-9);
}

TEST(LatencyTest, WhatIsSentAgainIsMeasuredFromTheJournalOnAndOnce) {
  Latency latency;
  latency.Sent(1, At(0));
  latency.Sent(1, At(0));
  latency.AckedThrough(1, At(60'000));
  latency.AckedThrough(1, At(60'000));
  EXPECT_EQ(latency.broker().count(), 1u);
}

TEST(LatencyTest, OnlySoManyAreWatchedAtATime) {
  Latency latency;
  for (uint64_t n = 1; n <= 10'000; ++n) latency.Sent(n, At(0));
  latency.AckedThrough(10'000, At(1));
  EXPECT_EQ(latency.broker().count(), Latency::kProbes);
  latency.Sent(10'001, At(0));
  latency.AckedThrough(10'001, At(1));
  EXPECT_EQ(latency.broker().count(), Latency::kProbes + 1) << "and then others";
}

TEST(LatencyTest, AClockThatWasSetBackGivesNoTime) {
  Latency latency;
  latency.Sent(1, At(1000));
  latency.AckedThrough(1, At(0));
  EXPECT_EQ(latency.broker().count(), 0u);
}

TEST(LatencyTest, AnotherStreamStartsAnew) {
  Latency latency;
  latency.Sent(100, At(0));
  latency.Forget();
  latency.Sent(1, At(0));
  latency.AckedThrough(1, At(1));
  EXPECT_EQ(latency.broker().count(), 1u);
}

}  // namespace
}  // namespace tillrelay::uplink
