#include "agent/reconcile/silence.h"

#include <gtest/gtest.h>

namespace tillrelay::reconcile {
namespace {

using std::chrono::hours;

// Monday 2026-11-23 00:00 UTC; the shop's clock is one hour ahead.
const WallTime kMonday{hours(24 * 20'780)};

class SilenceTest : public ::testing::Test {
 protected:
  std::vector<RegisterRow> Judge(std::vector<RegisterRow> rows, WallTime now) {
    moment_.now = now;
    JudgeSilence(rule_, moment_, &rows);
    return rows;
  }
  static RegisterRow SetHeardAt(const char* id, WallTime at) {
    RegisterRow row;
    row.register_id = id;
    row.heard_at = at;
    return row;
  }

  SilenceRule rule_{{}, OpeningHours::Parse({"mon-sat 08:00-20:00"}).value(), hours(2)};
  SilenceMoment moment_{
      {}, kMonday - hours(1000), [](WallTime time) {
        return std::chrono::floor<std::chrono::seconds>(time + hours(1)).time_since_epoch().count();
      }};
};

TEST_F(SilenceTest, OnlyOpeningHoursCount) {
  const RegisterRow row = SetHeardAt("03", kMonday + hours(18));  // 19:00 in the shop
  EXPECT_FALSE(Judge({row}, kMonday + hours(30))[0].silent) << "the night is no silence";
  EXPECT_FALSE(Judge({row}, kMonday + hours(24 + 7))[0].silent);
  const auto later = Judge({row}, kMonday + hours(24 + 8));  // 09:00: one hour of each day
  EXPECT_TRUE(later[0].silent);
  EXPECT_EQ(later[0].silent_for_s, 2 * 3600);
}

TEST_F(SilenceTest, AnExpectedRegisterNeedNotHaveSpoken) {
  rule_.expected = {"03", "7"};
  const auto rows = Judge({SetHeardAt("3", kMonday + hours(12))}, kMonday + hours(13));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_TRUE(rows[0].expected) << "03 and 3 are one register";
  EXPECT_FALSE(rows[0].silent);
  EXPECT_EQ(rows[1].register_id, "7");
  EXPECT_TRUE(rows[1].silent);
}

TEST_F(SilenceTest, AJustStartedDaemonAccusesNobody) {
  moment_.started_at = kMonday + hours(11);
  EXPECT_FALSE(Judge({SetHeardAt("03", kMonday - hours(48))}, kMonday + hours(12))[0].silent);
}

TEST_F(SilenceTest, ARegisterThatLeftTheShopIsForgotten) {
  EXPECT_FALSE(Judge({SetHeardAt("03", kMonday - hours(24 * 20))}, kMonday + hours(12))[0].silent);
}

TEST_F(SilenceTest, WithoutARuleNobodyIsSilent) {
  rule_.after = hours(0);
  EXPECT_FALSE(Judge({SetHeardAt("03", kMonday)}, kMonday + hours(19))[0].silent);
}

}  // namespace
}  // namespace tillrelay::reconcile
