#include "common/base/json_walk.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tillrelay {
namespace {

bool Walks(std::string_view bytes, const JsonLimits& limits) {
  JsonWalk walk(bytes, limits);
  std::string_view whole;
  const char first = walk.Peek();
  return (first == '[' || first == '{') && walk.TakeValue(&whole) && walk.AtEnd();
}

// Names that stand twice are the parser's to find.
bool Parses(std::string bytes, const JsonLimits& limits) {
  JsonParser parser;
  return parser.Parse(bytes, limits).ok() ||
         parser.error().what.find("stands twice") != std::string::npos;
}

const std::vector<std::string>& Documents() {
  static const std::vector<std::string> documents = {
      R"({})",
      R"([])",
      R"( [ 1 , -0.5e+3 , "a" , true , false , null , {} , [] ] )",
      R"({"a":{"b":[{"c":"d"},[[]]]},"e":[1,2,{"f":null}]})",
      R"(["\"\\\/\b\f\n\r\t","\u0041\u00e9\u20AC\ud83d\uDE00","é€😀"])",
      R"({"kind":"sale","lines":[{"sku":"1","quantity":"2.5","amount":-10}]})",
      R"([[[[1]]],0,-0,10,1E5,1e-5])",
  };
  return documents;
}

TEST(JsonWalk, TakesWhatTheParserTakesOfEveryCutAndEveryChangedByte) {
  const JsonLimits limits;
  for (const std::string& document : Documents()) {
    EXPECT_TRUE(Walks(document, limits)) << document;
    for (size_t cut = 0; cut < document.size(); ++cut) {
      const std::string torn = document.substr(0, cut);
      EXPECT_EQ(Walks(torn, limits), Parses(torn, limits)) << torn;
      for (const char c : std::string("\"\\{}[],:0-.eu 1tn\x01\xC3\n")) {
        std::string changed = document;
        changed[cut] = c;
        EXPECT_EQ(Walks(changed, limits), Parses(changed, limits)) << changed;
        changed = document;
        changed.insert(cut, 1, c);
        EXPECT_EQ(Walks(changed, limits), Parses(changed, limits)) << changed;
      }
    }
  }
}

TEST(JsonWalk, HasTheLimitsOfTheParser) {
  JsonLimits limits;
  limits.depth = 3;
  limits.string_bytes = 4;
  for (const char* document :
       {"[[[]]]", "[[[[]]]]", "[[{}]]", R"({"a":[{}]})", R"({"a":[[1]]})", R"({"a":[[[]]]})",
        R"(["abcd"])", R"(["abcde"])", R"(["\u20ac\n"])", R"(["\u20ac\n1"])", R"(["\ud83d\ude00"])",
        R"(["\ud83d\ude001"])", R"({"abcd":1})", R"({"abcde":1})", R"(["\ud83d"])", R"(["\ude00"])",
        R"(["\ud83d\u0041"])"}) {
    EXPECT_EQ(Walks(document, limits), Parses(document, limits)) << document;
  }
}

TEST(JsonWalk, StepsThroughArraysAndObjects) {
  JsonWalk walk(R"( {"a": [1, {"b":2} ,"c"], "d":null, "e":[]} )");
  std::string seen;
  std::string_view name, value;
  ASSERT_TRUE(walk.Enter());
  while (walk.NextMember(&name)) {
    seen.append(name).append("=");
    if (walk.Peek() != '[') {
      ASSERT_TRUE(walk.TakeValue(&value));
      seen.append(value).append(";");
      continue;
    }
    ASSERT_TRUE(walk.Enter());
    while (walk.NextElement(&value)) seen.append(value).append("|");
  }
  EXPECT_FALSE(walk.failed()) << walk.error().what;
  EXPECT_TRUE(walk.AtEnd());
  EXPECT_EQ(seen, R"(a=1|{"b":2}|"c"|d=null;e=)");
}

TEST(JsonWalk, SteppingAcceptsNothingThatIsNotOneDocument) {
  for (const std::string& document : Documents()) {
    if (document.find('[') > document.find_first_not_of(' ')) continue;
    for (size_t cut = 0; cut < document.size(); ++cut) {
      for (const char c : std::string(",]}1")) {
        std::string changed = document;
        changed.insert(cut, 1, c);
        JsonWalk walk(changed);
        std::string_view element;
        bool good = walk.Enter();
        while (good && walk.NextElement(&element)) continue;
        good = good && !walk.failed() && walk.AtEnd();
        EXPECT_EQ(good, Parses(changed, {})) << changed;
      }
    }
  }
}

TEST(JsonWalk, TellsWhereItEnded) {
  JsonWalk walk("[1, x]");
  std::string_view element;
  ASSERT_TRUE(walk.Enter());
  ASSERT_TRUE(walk.NextElement(&element));
  EXPECT_FALSE(walk.NextElement(&element));
  EXPECT_TRUE(walk.failed());
  EXPECT_EQ(walk.error().offset, 4u);
}

}  // namespace
}  // namespace tillrelay
