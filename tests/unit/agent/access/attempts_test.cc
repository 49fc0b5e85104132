// Guessing costs more and more time, and nothing that a guesser does gives it back.
#include "agent/access/attempts.h"

#include <gtest/gtest.h>

#include "tests/support/manual_clock.h"
#include "tests/support/seeded_random.h"

namespace tillrelay::access {
namespace {

using std::chrono::seconds;

class AttemptsTest : public ::testing::Test {
 protected:
  seconds Wait(const std::string& address, const std::string& user) {
    return std::chrono::ceil<seconds>(attempts_.Begin(address, user, clock_.Now()));
  }
  // Tries until the next one would have to wait; how many were let in.
  int TriesLeft(const std::string& address, const std::string& user) {
    int tries = 0;
    while (tries < 100 && Wait(address, user).count() == 0) ++tries;
    return tries;
  }
  tillrelay::testing::ManualClock clock_;
  tillrelay::testing::SeededRandom random_{3};
  Attempts attempts_{&random_};
};

TEST_F(AttemptsTest, FiveFailuresAreFreeThenTheWaitDoublesUpToAQuarterOfAnHour) {
  EXPECT_EQ(TriesLeft("192.0.2.1", "anna"), 6);  // the sixth is let in and starts the first wait
  for (const int wait : {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900}) {
    EXPECT_EQ(Wait("192.0.2.1", "anna").count(), wait);
    clock_.Advance(seconds(wait));
    EXPECT_EQ(Wait("192.0.2.1", "anna").count(), 0);
  }
}

TEST_F(AttemptsTest, ManyAttemptsAtOnceAreCountedFromTheirBeginning) {
  for (int i = 0; i < 6; ++i)
    ASSERT_EQ(Wait("192.0.2.1", "anna").count(), 0);  // none has ended yet
  EXPECT_GT(Wait("192.0.2.1", "anna").count(), 0);
}

TEST_F(AttemptsTest, AnotherAddressDoesNotHelpAgainstTheSameUser) {
  TriesLeft("192.0.2.1", "anna");
  EXPECT_GT(Wait("192.0.2.2", "anna").count(), 0);
  EXPECT_EQ(Wait("192.0.2.2", "bert").count(), 0);
}

TEST_F(AttemptsTest, OneAddressMayNotTryManyUsers) {
  int tries = 0;
  while (tries < 100 && Wait("192.0.2.1", "user" + std::to_string(tries)).count() == 0) ++tries;
  EXPECT_EQ(tries, 6);
}

TEST_F(AttemptsTest, AllAddressesOfOneIpv6NetworkAreOne) {
  int tries = 0;
  while (tries < 100 &&
         Wait("2001:db8::" + std::to_string(tries + 1), "user" + std::to_string(tries)).count() ==
             0) {
    ++tries;
  }
  EXPECT_EQ(tries, 6);
  EXPECT_NE(AddressGroup("2001:db8:0:1::1"), AddressGroup("2001:db8:0:2::1"));
  EXPECT_NE(AddressGroup("::ffff:192.0.2.1"), AddressGroup("::ffff:192.0.2.2"));
}

TEST_F(AttemptsTest, WaitingAttemptsAreNotCounted) {
  TriesLeft("192.0.2.1", "anna");
  for (int i = 0; i < 50; ++i) EXPECT_EQ(Wait("192.0.2.1", "anna").count(), 1);
}

TEST_F(AttemptsTest, AnHourWithoutFailureForgets) {
  TriesLeft("192.0.2.1", "anna");
  clock_.Advance(Attempts::kForget);
  EXPECT_EQ(TriesLeft("192.0.2.1", "anna"), 6);
}

TEST_F(AttemptsTest, TheRightPasswordForgets) {
  for (int i = 0; i < 4; ++i) ASSERT_EQ(Wait("192.0.2.1", "anna").count(), 0);
  attempts_.Succeeded("192.0.2.1", "anna");
  EXPECT_EQ(TriesLeft("192.0.2.1", "anna"), 6);
}

TEST_F(AttemptsTest, AFloodOfNamesDrivesNobodyOut) {
  TriesLeft("192.0.2.1", "anna");
  clock_.Advance(seconds(1));
  for (int i = 0; i < 6; ++i) {
    Wait("192.0.2.1", "anna");
    clock_.Advance(Attempts::kLongestWait);
  }
  ASSERT_EQ(Wait("192.0.2.1", "anna").count(), 0);
  const seconds before = Wait("192.0.2.1", "anna");
  for (int i = 0; i < 20'000; ++i) {
    Wait("10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256), std::to_string(i));
  }
  EXPECT_GE(Wait("192.0.2.1", "anna"), before);
}

}  // namespace
}  // namespace tillrelay::access
