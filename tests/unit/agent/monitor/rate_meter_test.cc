#include "agent/monitor/rate_meter.h"

#include <gtest/gtest.h>

#include "tests/unit/agent/monitor/samples.h"

namespace tillrelay::monitor {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RateMeterTest : public testing::Test {
 protected:
  Rates After(Duration passed, uint64_t stored, uint64_t delivered) {
    now_ += passed;
    snapshot_.journal.head += stored;
    snapshot_.journal.confirmed_through += delivered;
    return meter_.Feed(now_, snapshot_);
  }
  Snapshot snapshot_ = Healthy();
  Instant now_{};
  RateMeter meter_;
};

TEST_F(RateMeterTest, IsTheMeanOfTheLastMinute) {
  Rates rates;
  for (int i = 0; i < 300; ++i) rates = After(seconds(1), 3, 2);
  EXPECT_NEAR(rates.stored_per_s, 3, 0.01);
  EXPECT_NEAR(rates.delivered_per_s, 2, 0.01);
  for (int i = 0; i < 70; ++i) rates = After(seconds(1), 0, 5);
  EXPECT_NEAR(rates.stored_per_s, 0, 0.01);
  EXPECT_NEAR(rates.delivered_per_s, 5, 0.01);
}

TEST_F(RateMeterTest, ManyLooksAreNoOtherRate) {
  Rates rates;
  for (int i = 0; i < 6000; ++i) rates = After(milliseconds(20), i % 50 == 0 ? 1 : 0, 0);
  EXPECT_NEAR(rates.stored_per_s, 1, 0.1);
}

TEST_F(RateMeterTest, SaysNothingBeforeItKnows) {
  EXPECT_EQ(After(seconds(1), 100, 100).stored_per_s, -1);
  EXPECT_EQ(After(seconds(2), 100, 100).stored_per_s, -1);
}

TEST_F(RateMeterTest, AnotherStreamBeginsAnew) {
  for (int i = 0; i < 20; ++i) After(seconds(1), 5, 5);
  snapshot_.journal.stream = "01ANOTHER";
  snapshot_.journal.head = snapshot_.journal.confirmed_through = 1;
  EXPECT_EQ(After(seconds(1), 0, 0).stored_per_s, -1);
}

}  // namespace
}  // namespace tillrelay::monitor
