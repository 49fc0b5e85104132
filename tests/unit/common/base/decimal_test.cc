#include "common/base/decimal.h"

#include <gtest/gtest.h>

namespace tillrelay {
namespace {

std::string Told(std::string_view text) {
  bool rounded = false;
  auto parsed = Decimal::Parse(text, &rounded);
  if (!parsed.ok()) return "refused";
  return parsed->Text() + (rounded ? " rounded" : "");
}

TEST(DecimalTest, KeepsTheScaleItWasWrittenWith) {
  EXPECT_EQ(Told("0.420"), "0.420");
  EXPECT_EQ(Told("12"), "12");
  EXPECT_EQ(Told("-52.89"), "-52.89");
  EXPECT_EQ(Told("0.000001"), "0.000001");
}

TEST(DecimalTest, FloatNoiseIsRoundedHalfEvenToFourPlacesAndSaid) {
  EXPECT_EQ(Told("10.649999999999999"), "10.6500 rounded");
  EXPECT_EQ(Told("0.00005000"), "0.0000 rounded");
  EXPECT_EQ(Told("0.00015000"), "0.0002 rounded");
  EXPECT_EQ(Told("0.99999999"), "1.0000 rounded");
}

TEST(DecimalTest, RefusesWhatIsNoPlainDecimal) {
  for (const char* text : {"", "-", ".5", "1.", "1e3", "+1", "0x10", "1,5", " 1", "1 ", "NaN",
                           "--1", "1.2.3", "4000000000001"}) {
    EXPECT_EQ(Told(text), "refused") << text;
  }
}

TEST(DecimalTest, ShortestHasNoTrailingZerosNoBarePointAndNoMinusZero) {
  EXPECT_EQ(Decimal::Parse("2.0")->Shortest(), "2");
  EXPECT_EQ(Decimal::Parse("-0.00")->Shortest(), "0");
  EXPECT_EQ(Decimal::Parse("0.420")->Shortest(), "0.42");
  EXPECT_EQ(Decimal::Parse("100")->Shortest(), "100");
}

TEST(DecimalTest, SumsAreExactAndRefuseToOverflow) {
  const Decimal tenth = *Decimal::Parse("0.1");
  EXPECT_EQ(tenth.Plus(*Decimal::Parse("0.20"))->Text(), "0.30");
  const Decimal most = *Decimal::Parse("4000000000000");
  EXPECT_FALSE(most.Plus(most).ok());
}

}  // namespace
}  // namespace tillrelay
