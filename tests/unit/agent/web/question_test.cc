#include "agent/web/pages/question.h"

#include <gtest/gtest.h>

namespace tillrelay::web {
namespace {

TEST(Question, ReadsWhatAShopSays) {
  for (const char* words : {"004711 register 3", "receipt 004711 of register 3",
                            "where is receipt 004711 of register 3?", "register 3 004711",
                            "  Receipt 004711,  Till 3 ", "no 004711 reg 3"}) {
    const admin::EventFilter filter = ReadQuestion(words);
    EXPECT_EQ(filter.number, "004711") << words;
    EXPECT_EQ(filter.register_id, "3") << words;
    EXPECT_EQ(filter.text, "") << words;
  }
}

TEST(Question, IsUnderstoodInTheLanguagesOfThePages) {
  for (const char* words : {"004711 Kasse 3", "Bon 004711 Kasse 3", "Beleg 004711 von Kasse 3",
                            "Wo ist der Bon 004711 von Kasse 3?"}) {
    const admin::EventFilter filter = ReadQuestion(words);
    EXPECT_EQ(filter.number, "004711") << words;
    EXPECT_EQ(filter.register_id, "3") << words;
    EXPECT_EQ(filter.text, "") << words;
  }
  EXPECT_EQ(ReadQuestion("Retoure 25.11.2026").kind, "return");
  EXPECT_EQ(ReadQuestion("Tagesabschluss").kind, "day_closed");
}

TEST(Question, KnowsDaysKindsAndIds) {
  const admin::EventFilter filter = ReadQuestion("return 2026-11-25");
  EXPECT_EQ(filter.kind, "return");
  EXPECT_EQ(filter.business_day, "2026-11-25");
  const admin::EventFilter spoken = ReadQuestion("sales 29.11.2026");
  EXPECT_EQ(spoken.kind, "sale");
  EXPECT_EQ(spoken.business_day, "2026-11-29");
  EXPECT_EQ(ReadQuestion("2026-02-30").text, "2026-02-30");
  EXPECT_EQ(ReadQuestion("30.02.2026").text, "30.02.2026");
  EXPECT_EQ(ReadQuestion("01890A5D-AC96-774B-BCCE-B302099A8057").id,
            "01890a5d-ac96-774b-bcce-b302099a8057");
}

TEST(Question, LooksForEveryOtherWordAsText) {
  EXPECT_EQ(ReadQuestion("Rain poncho").text, "Rain poncho");
  EXPECT_EQ(ReadQuestion("4711 12").text, "12");  // the second number is no receipt
  EXPECT_EQ(ReadQuestion("register").text, "register");
  EXPECT_EQ(ReadQuestion("register <script>").text, "register <script>");
}

TEST(Question, NothingIsNoQuestion) {
  const admin::EventFilter filter = ReadQuestion("  ,");
  EXPECT_TRUE(filter.number.empty() && filter.text.empty() && filter.register_id.empty());
}

}  // namespace
}  // namespace tillrelay::web
