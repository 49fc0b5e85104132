#include "common/event/opening_hours.h"

#include <gtest/gtest.h>

namespace tillrelay {
namespace {

bool OpenAt(const OpeningHours& hours, int64_t local_s) {
  return hours.OpenSeconds(local_s, local_s + 1) > 0;
}

// Monday 2026-11-23 00:00 of the store's clock face.
constexpr int64_t kMonday = 20'780LL * 86'400;
constexpr int64_t kHour = 3600;

OpeningHours Hours(std::vector<std::string> texts) { return OpeningHours::Parse(texts).value(); }

TEST(OpeningHours, NightsAndSundaysAreNotSilence) {
  const OpeningHours hours = Hours({"mon-sat 08:00-20:00"});
  EXPECT_EQ(hours.OpenSeconds(kMonday + 19 * kHour, kMonday + (24 + 9) * kHour), 2 * kHour);
  const int64_t saturday = kMonday + 5 * 86'400;
  EXPECT_EQ(hours.OpenSeconds(saturday + 20 * kHour, saturday + 2 * 86'400 + 8 * kHour), 0);
  EXPECT_TRUE(OpenAt(hours, kMonday + 8 * kHour));
  EXPECT_FALSE(OpenAt(hours, kMonday + 20 * kHour));
}

TEST(OpeningHours, ANightShopIsOpenPastMidnight) {
  const OpeningHours hours = Hours({"sun 20:00-02:00"});
  EXPECT_TRUE(OpenAt(hours, kMonday + kHour));  // Sunday's night
  EXPECT_FALSE(OpenAt(hours, kMonday + 2 * kHour));
  EXPECT_FALSE(OpenAt(hours, kMonday + 21 * kHour));
}

TEST(OpeningHours, DaysMayWrapAroundTheWeek) {
  const OpeningHours hours = Hours({"sat-mon 10:00-24:00"});
  EXPECT_TRUE(OpenAt(hours, kMonday + 23 * kHour));
  EXPECT_FALSE(OpenAt(hours, kMonday + (24 + 12) * kHour));
}

TEST(OpeningHours, MistakesAreNamed) {
  for (const char* text : {"mon", "mon 8:00-20:00", "mon-xyz 08:00-20:00", "mon 08:00-25:00",
                           "mon 08:00-08:00", "mon 08:60-20:00", "Mon 08:00-20:00", ""}) {
    const auto hours = OpeningHours::Parse({text});
    ASSERT_FALSE(hours.ok()) << text;
    EXPECT_NE(hours.status().message().find(text), std::string::npos);
  }
}

}  // namespace
}  // namespace tillrelay
