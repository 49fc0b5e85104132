// Sessions end, links burn, and neither can be guessed or read back.
#include "agent/access/sessions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/support/manual_clock.h"
#include "tests/support/seeded_random.h"

namespace tillrelay::access {
namespace {

using ::testing::MatchesRegex;

class SessionsTest : public ::testing::Test {
 protected:
  std::string Open(const std::string& user) { return s_.Open({user, user, Role::kOperate, ""}); }
  tillrelay::testing::ManualClock clock_;
  tillrelay::testing::SeededRandom random_{5};
  Sessions s_{&clock_, &random_};
};

TEST_F(SessionsTest, IdsAndCsrfTokensAre128BitsAndNeverTheSame) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string cookie = Open("anna");
    EXPECT_THAT(cookie, MatchesRegex("[0-9a-f]{32}"));
    EXPECT_TRUE(seen.insert(cookie).second);
    EXPECT_TRUE(seen.insert(s_.Find(cookie)->csrf).second);
  }
}

TEST_F(SessionsTest, HalfAnHourWithoutUseEndsIt) {
  const std::string cookie = Open("anna");
  clock_.Advance(Sessions::kIdle - std::chrono::seconds(1));
  EXPECT_TRUE(s_.Find(cookie));
  clock_.Advance(Sessions::kIdle - std::chrono::seconds(1));
  EXPECT_TRUE(s_.Find(cookie));
  clock_.Advance(Sessions::kIdle);
  EXPECT_FALSE(s_.Find(cookie));
}

TEST_F(SessionsTest, UseDoesNotKeepItBeyondTwelveHours) {
  const std::string cookie = Open("anna");
  for (int minutes = 0; minutes < 12 * 60 - 10; minutes += 10) {
    clock_.Advance(std::chrono::minutes(10));
    ASSERT_TRUE(s_.Find(cookie)) << minutes;
  }
  clock_.Advance(std::chrono::minutes(10));
  EXPECT_FALSE(s_.Find(cookie));
}

TEST_F(SessionsTest, AJumpOfTheWallClockEndsNothing) {
  const std::string cookie = Open("anna");
  clock_.SetWall(clock_.Wall() + std::chrono::hours(24 * 3650));
  EXPECT_TRUE(s_.Find(cookie));
}

TEST_F(SessionsTest, AClosedOneIsGoneForGood) {
  const std::string cookie = Open("anna");
  EXPECT_EQ(s_.Close(cookie)->who, "anna");
  EXPECT_FALSE(s_.Find(cookie));
  EXPECT_FALSE(s_.Close(cookie));
}

TEST_F(SessionsTest, ClosingAUsersLeavesTheOthers) {
  const std::string anna = Open("anna"), again = Open("anna"), bert = Open("bert");
  s_.CloseOf("anna");
  EXPECT_FALSE(s_.Find(anna));
  EXPECT_FALSE(s_.Find(again));
  EXPECT_TRUE(s_.Find(bert));
}

TEST_F(SessionsTest, TheOneIdleLongestMakesRoom) {
  const std::string idle = Open("anna");
  clock_.Advance(std::chrono::seconds(1));
  const std::string used = Open("bert");
  for (size_t i = 2; i < Sessions::kMaxSessions; ++i) Open("other");
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_TRUE(s_.Find(used));
  Open("one too many");
  EXPECT_FALSE(s_.Find(idle));
  EXPECT_TRUE(s_.Find(used));
}

TEST_F(SessionsTest, ALinkIsGoodOnceAndFiveMinutes) {
  const std::string link = s_.OpenLink("uid:0"), late = s_.OpenLink("uid:0");
  EXPECT_TRUE(s_.HasLink(link));
  EXPECT_TRUE(s_.HasLink(link)) << "looking at it burns nothing";
  EXPECT_EQ(s_.TakeLink(link), "uid:0");
  EXPECT_FALSE(s_.TakeLink(link)) << "used before";
  clock_.Advance(Sessions::kLinkLife);
  EXPECT_FALSE(s_.HasLink(late));
  EXPECT_FALSE(s_.TakeLink(late));
  EXPECT_FALSE(s_.TakeLink(""));
}

TEST_F(SessionsTest, OnlySoManyLinksAreOpen) {
  const std::string first = s_.OpenLink("uid:0");
  for (size_t i = 0; i < Sessions::kMaxLinks; ++i) s_.OpenLink("uid:0");
  EXPECT_FALSE(s_.HasLink(first));
}

}  // namespace
}  // namespace tillrelay::access
