#include "agent/web/pages/field_mark.h"

#include <gtest/gtest.h>

namespace tillrelay::web {
namespace {

std::string Marked(std::string_view document, std::string_view field) {
  const auto mark = FindField(document, field);
  if (!mark) return "none";
  EXPECT_LE(mark->end, document.size());
  EXPECT_LT(mark->begin, mark->end);
  return std::string(document.substr(mark->begin, mark->end - mark->begin));
}

constexpr std::string_view kJson =
    R"({"kind":"sale","lines":[{"uom":"EA","q":"1"},{"uom":"X\"Y","q":[1,{"a":2}]}],"z":null})";

TEST(FieldMark, FindsTheFieldInJson) {
  EXPECT_EQ(Marked(kJson, "kind"), "\"sale\"");
  EXPECT_EQ(Marked(kJson, "lines[1].uom"), R"("X\"Y")");
  EXPECT_EQ(Marked(kJson, "lines[1].q[1].a"), "2");
  EXPECT_EQ(Marked(kJson, "z"), "null");
}

TEST(FieldMark, MarksThePartThatLacksAField) {
  EXPECT_EQ(Marked(kJson, "lines[0].quantity"), R"({"uom":"EA","q":"1"})");
  EXPECT_EQ(Marked(kJson, "absent"), "none");
}

TEST(FieldMark, FindsElementsAndLines) {
  constexpr std::string_view kXml =
      "<P:Log><P:LineItem a='1'><P:Quantity>1</P:Quantity></P:LineItem>"
      "<P:LineItem><P:Quantity>x</P:Quantity></P:LineItem></P:Log>";
  EXPECT_EQ(Marked(kXml, "LineItem[2].Quantity"), "<P:Quantity>x</P:Quantity>");
  EXPECT_EQ(Marked(kXml, "LineItem[1].ItemID"), "<P:LineItem a='1'>");
  EXPECT_EQ(Marked(kXml, "Other"), "none");
  EXPECT_EQ(Marked("a;b\nc;d\ne;f\n", "line 2"), "c;d");
  EXPECT_EQ(Marked("a;b", "line 9"), "none");
}

TEST(FieldMark, TakesAnyCutAndAnyDamage) {
  for (size_t length = 0; length <= kJson.size(); ++length) {
    const std::string cut(kJson.substr(0, length));
    for (const char* field :
         {"lines[1].q[1].a", "[0].x", "lines", ".", "[", "a[9999999999999999999]"}) {
      FindField(cut, field);
      FindField("<" + cut, field);
    }
    LaidOut(cut);
  }
  const std::string deep(100'000, '[');
  EXPECT_EQ(FindField(deep, "a[0]"), std::nullopt);
  EXPECT_FALSE(LaidOut(deep.substr(0, 1000)).empty());
}

TEST(FieldMark, LaysJsonOutWithoutChangingItsContent) {
  const std::string out = LaidOut(R"({"a":[1,2],"b":"x: {y}, z","c":{},"d":[]})");
  EXPECT_EQ(out,
            "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": \"x: {y}, z\",\n  \"c\": {},\n  \"d\": "
            "[]\n}");
  EXPECT_EQ(LaidOut("<?xml version='1.0'?><a><b/><c>1 <d> x</d></c><e></e></a>"),
            "<?xml version='1.0'?>\n<a>\n  <b/>\n  <c>1 <d> x</d>\n  </c>\n  <e></e>\n</a>");
  for (const char* kept :
       {"<a><![CDATA[<b><c>]]></a>", "<a><!-- <b><c> --></a>", "<", "<a", "a<b>"}) {
    EXPECT_EQ(LaidOut(kept), kept);
  }
  EXPECT_EQ(LaidOut("a;b;{}"), "a;b;{}");
}

}  // namespace
}  // namespace tillrelay::web
