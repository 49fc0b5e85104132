// Claims about when this machine's clock is believed.
#include "common/base/clock_trust.h"

#include <gtest/gtest.h>

#include "tests/support/manual_clock.h"

namespace tillrelay {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(ClockTrust, OnlyARecentAgreementIsTrusted) {
  testing::ManualClock clock;
  ClockTrust trust;
  EXPECT_FALSE(trust.Trusted(clock));
  trust.Compared(minutes(5), clock);
  EXPECT_TRUE(trust.Trusted(clock));
  clock.Advance(hours(24));
  EXPECT_TRUE(trust.Trusted(clock));
  clock.Advance(seconds(1));
  EXPECT_FALSE(trust.Trusted(clock));
}

TEST(ClockTrust, ADisagreementTakesItBack) {
  testing::ManualClock clock;
  ClockTrust trust;
  for (const seconds apart : {seconds(301), seconds(-301)}) {
    trust.Compared(seconds(0), clock);
    trust.Compared(apart, clock);
    EXPECT_FALSE(trust.Trusted(clock)) << apart.count();
  }
  trust.Compared(seconds(-300), clock);
  EXPECT_TRUE(trust.Trusted(clock));
}

TEST(ClockTrust, AClockThatWasSetSinceIsNotTrusted) {
  testing::ManualClock clock;
  ClockTrust trust;
  for (const hours step : {hours(1), hours(-24 * 365)}) {
    trust.Compared(seconds(0), clock);
    clock.SetWall(clock.Wall() + step);
    EXPECT_FALSE(trust.Trusted(clock));
  }
}

}  // namespace
}  // namespace tillrelay
