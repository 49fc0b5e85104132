#include "agent/admin/difference.h"

#include <gtest/gtest.h>

namespace tillrelay::admin {
namespace {

std::string Told(const std::string& before, const std::string& after,
                 const std::vector<std::string>& leave_out = {}) {
  return DifferenceText(DifferencesOf(before, after, leave_out), 1'000);
}

TEST(Difference, NamesEveryMemberThatDiffers) {
  EXPECT_EQ(Told(R"({"a":1,"lines":[{"quantity":"2"}]})", R"({"lines":[{"quantity":"3"}],"a":1})"),
            "lines[0].quantity: 2 -> 3");
  EXPECT_EQ(Told(R"({"a":1})", R"({"a":1,"b":{"c":"x"}})"), "b.c: (none) -> x");
  EXPECT_EQ(Told(R"({"a":{"b":1},"c":2})", R"({"a":{}})"),
            "a.b: 1 -> (none); c: 2 -> (none); a: (none) -> {}");
  EXPECT_EQ(Told(R"({"a":"1.50"})", R"({"a":"1.5"})"), "a: 1.50 -> 1.5");
  EXPECT_EQ(Told("[1,2]", "[1,2]"), "");
}

TEST(Difference, LeavesOutWhatDoesNotCountWithAllBelow) {
  EXPECT_EQ(Told(R"({"origin":{"channel":"http"},"originally":1})",
                 R"({"origin":{"channel":"file_drop","file":"a"},"originally":2})", {"origin"}),
            "originally: 1 -> 2");
  EXPECT_EQ(Told(R"({"lines":[{"effect":[{"delta":1}],"effects":1}]})",
                 R"({"lines":[{"effect":[{"delta":2}],"effects":2}]})", {"*.effect"}),
            "lines[0].effects: 1 -> 2");
}

// An inserted or lost element is one difference, and the others keep their places' names.
TEST(Difference, ElementsOfListsAreSetAgainstTheirLikes) {
  const auto doc = [](const std::vector<std::pair<std::string, std::string>>& lines) {
    std::string text = R"({"lines":[)";
    int number = 0;
    for (const auto& [sku, quantity] : lines) {
      ++number;
      text += (number > 1 ? "," : "") + std::string(R"({"line_no":)") + std::to_string(number) +
              R"(,"item":{"sku":")" + sku + R"("},"quantity":")" + quantity + R"("})";
    }
    return text + "]}";
  };
  EXPECT_EQ(Told(doc({{"a", "1"}, {"b", "2"}}), doc({{"n", "9"}, {"a", "1"}, {"b", "2"}})),
            "lines[0].line_no: (none) -> 1; lines[0].item.sku: (none) -> n; "
            "lines[0].quantity: (none) -> 9");
  EXPECT_EQ(Told(doc({{"a", "1"}, {"b", "2"}}), doc({{"b", "3"}})),
            "lines[0].line_no: 1 -> (none); lines[0].item.sku: a -> (none); "
            "lines[0].quantity: 1 -> (none); lines[1].quantity (now lines[0].quantity): 2 -> 3");
  EXPECT_EQ(
      Told(doc({{"a", "1"}, {"b", "2"}, {"c", "3"}}), doc({{"a", "1"}, {"x", "2"}, {"c", "3"}})),
      "lines[1].item.sku: b -> x");
  EXPECT_EQ(Told(doc({{"a", "1"}, {"a", "2"}}), doc({{"a", "2"}})),
            "lines[0].line_no: 1 -> (none); lines[0].item.sku: a -> (none); "
            "lines[0].quantity: 1 -> (none)");
  // A number that is not that of its place says something.
  EXPECT_EQ(
      Told(R"({"lines":[{"line_no":1,"item":{"sku":"a"}}]})",
           R"({"lines":[{"line_no":1,"item":{"sku":"n"}},{"line_no":7,"item":{"sku":"a"}}]})"),
      "lines[0].line_no (now lines[1].line_no): 1 -> 7; lines[0].line_no: (none) -> 1; "
      "lines[0].item.sku: (none) -> n");
}

TEST(Difference, AnInsertedLineOfTextIsOneDifference) {
  EXPECT_EQ(Told("a\nb\nc", "a\nnew\nb\nc"), "line 2: (none) -> new");
  EXPECT_EQ(Told("a\nb\nc", "b\nc"), "line 1: a -> (none)");
  EXPECT_EQ(Told("a\nb\nc\nd", "x\na\nb\nC\nd"),
            "line 3 (now line 4): c -> C; line 1: (none) -> x");
}

TEST(Difference, WhatIsShownAlikeMayDiffer) {
  const std::string long_text(5'000, 'x');
  EXPECT_EQ(
      DifferencesOf("{\"a\":\"" + long_text + "1\"}", "{\"a\":\"" + long_text + "2\"}").size(), 1u);
}

// Long lists are compared all the same, in bounded time.
TEST(Difference, LongListsAreComparedPlaceByPlace) {
  std::string before = "[", after = "[9";
  for (int i = 0; i < 5'000; ++i) {
    before += (i > 0 ? "," : "") + std::to_string(i);
    after += "," + std::to_string(-i - 1);
  }
  EXPECT_EQ(DifferencesOf(before + "]", after + "]").size(), kMaxDifferences);
}

TEST(Difference, OtherDocumentsAreComparedByLine) {
  EXPECT_EQ(Told("<a>\n<b>1,5</b>\n</a>", "<a>\n<b>1.5</b>\n</a>\n"),
            "line 2: <b>1,5</b> -> <b>1.5</b>");
  EXPECT_EQ(Told("{\"a\":", "{\"a\":1}"), "line 1: {\"a\": -> {\"a\":1}");
  EXPECT_EQ(Told("", "x"), "line 1: (none) -> x");
}

TEST(Difference, StaysBoundedAndSaysSo) {
  std::string before = "[", after = "[";
  for (int i = 0; i < 1'000; ++i) {
    before += (i > 0 ? ",1" : "1");
    after += (i > 0 ? ",2" : "2");
  }
  const auto found = DifferencesOf(before + "]", after + "]");
  ASSERT_EQ(found.size(), kMaxDifferences);
  EXPECT_EQ(found.back().member, "and 801 more");
  const std::string text = DifferenceText(found, 300);
  EXPECT_LE(text.size(), 300u);
  EXPECT_TRUE(text.ends_with("; ..."));
  const auto shown = DifferencesOf("{\"a\":\"\"}", "{\"a\":\"" + std::string(5'000, 'x') + "\"}");
  EXPECT_LT(shown.at(0).after->size(), 300u);
}

}  // namespace
}  // namespace tillrelay::admin
