#include "common/web/units.h"

#include <gtest/gtest.h>

#include "common/language/language.h"

namespace tillrelay {
namespace {

using std::chrono::seconds;

TEST(Units, ThousandsAreParted) {
  EXPECT_EQ(Thousands(0), "0");
  EXPECT_EQ(Thousands(999), "999");
  EXPECT_EQ(Thousands(1000), "1,000");
  EXPECT_EQ(Thousands(1234567), "1,234,567");
}

TEST(Units, AgesChangeTheirUnitAtTwo) {
  EXPECT_EQ(AgeText(seconds(-5)), "0 s");
  EXPECT_EQ(AgeText(seconds(119)), "119 s");
  EXPECT_EQ(AgeText(seconds(120)), "2 min");
  EXPECT_EQ(AgeText(seconds(7199)), "119 min");
  EXPECT_EQ(AgeText(seconds(7200)), "2 h");
  EXPECT_EQ(AgeText(seconds(172'799)), "47 h");
  EXPECT_EQ(AgeText(seconds(172'800)), "2 days");
  EXPECT_EQ(AgoText(seconds(7200)), "2 h ago");
  EXPECT_EQ(SinceText(seconds(172'800)), "since 2 days ago");
  const strings::Speaking german(*strings::FindLanguage("de"));
  EXPECT_EQ(AgeText(seconds(172'800)), "2 Tage");
  EXPECT_EQ(AgoText(seconds(172'800)), "vor 2 Tagen");
  EXPECT_EQ(AgoText(seconds(7200)), "vor 2 h");
  EXPECT_EQ(SinceText(seconds(172'800)), "seit 2 Tagen");
}

TEST(Units, BytesHaveTwoDigitsThatCount) {
  EXPECT_EQ(BytesText(999), "999 bytes");
  EXPECT_EQ(BytesText(1000), "1.0 kB");
  EXPECT_EQ(BytesText(8'100'000'000), "8.1 GB");
  EXPECT_EQ(BytesText(64'000'000), "64 MB");
  const strings::Speaking german(*strings::FindLanguage("de"));
  EXPECT_EQ(BytesText(8'100'000'000), "8,1 GB");
  EXPECT_EQ(BytesText(0), "0 Byte");
}

TEST(Units, EachLevelHasItsWordAndSymbol) {
  EXPECT_EQ(LevelWord(Level::kGreen), "green");
  EXPECT_EQ(LevelWord(Level::kAmber), "amber");
  EXPECT_EQ(LevelWord(Level::kRed), "red");
  EXPECT_EQ(Symbol(Level::kGreen), "●");
  EXPECT_EQ(Symbol(Level::kRed), "■");
}

}  // namespace
}  // namespace tillrelay
