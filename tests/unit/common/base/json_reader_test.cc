#include "common/base/json_reader.h"

#include <gtest/gtest.h>

#include "common/base/json_writer.h"

namespace tillrelay {
namespace {

// "ok", or "offset: what".
std::string Judge(std::string text) {
  JsonParser parser;
  auto parsed = parser.Parse(text);
  if (parsed.ok()) return "ok";
  return std::to_string(parser.error().offset) + ": " + parser.error().what;
}

TEST(JsonReaderTest, NumbersKeepTheirText) {
  JsonParser parser;
  std::string text = R"({"a":1.10,"b":100000000000000000.01,"c":-0})";
  auto root = parser.Parse(text);
  ASSERT_TRUE(root.ok());
  EXPECT_EQ(root->Find("a").text(), "1.10");
  EXPECT_EQ(root->Find("b").text(), "100000000000000000.01");
  EXPECT_EQ(root->Find("c").text(), "-0");
}

TEST(JsonReaderTest, ObjectsKeepTheirRawBytes) {
  JsonParser parser;
  std::string text = "{ \"data\" : {\"x\" : [1, 2 ] } , \"y\":[ ] }";
  auto root = parser.Parse(text);
  ASSERT_TRUE(root.ok());
  EXPECT_EQ(root->Find("data").text(), "{\"x\" : [1, 2 ] }");
  EXPECT_EQ(root->Find("data").Find("x").text(), "[1, 2 ]");
  EXPECT_EQ(root->Find("y").text(), "[ ]");
  EXPECT_EQ(root->text(), text);
}

TEST(JsonReaderTest, RefusesWhatLaxParsersAccept) {
  for (const char* text : {"",          " ",          "tru",
                           "[tru]",     "[01]",       "[1.]",
                           "[.5]",      "[+1]",       "[1e]",
                           "[-]",       "[NaN]",      "[1,]",
                           "[,1]",      "[1 2]",      "{\"a\":1,}",
                           "{\"a\" 1}", "{a:1}",      "{\"a\":1 \"b\":2}",
                           "[1]]",      "[1] x",      "{\"a\":nul}",
                           "[\"\\x\"]", "[\"\x01\"]", "[\"a",
                           "{\"a\":[}", "{",          "[",
                           "\"text\"",  "1",          "[1e999]",
                           "{\"a\":{}", "{}{}",       "[\"\\ud800\"]",
                           "[nullx]",   "[truex]"}) {
    EXPECT_NE(Judge(text), "ok") << text;
  }
}

TEST(JsonReaderTest, DuplicateNamesAreRefusedAtEveryLevel) {
  EXPECT_NE(Judge(R"({"a":1,"a":2})"), "ok");
  EXPECT_NE(Judge(R"({"x":[{"b":1,"c":{"d":1,"d":2}}]})"), "ok");
  EXPECT_NE(Judge(R"({"a":1,"\u0061":2})"), "ok");
  std::string many = "{";
  for (int i = 0; i < 100; ++i) many += "\"k" + std::to_string(i) + "\":1,";
  EXPECT_EQ(Judge(many + "\"z\":1}"), "ok");
  EXPECT_NE(Judge(many + "\"k50\":1}"), "ok");
}

TEST(JsonReaderTest, SaysWhere) {
  EXPECT_EQ(Judge("{\"a\":\xff}").substr(0, 2), "5:");
  EXPECT_EQ(Judge("[\"a\x02\"]").substr(0, 2), "3:");
  EXPECT_EQ(Judge("[1, \"abc").substr(0, 2), "8:");
  EXPECT_EQ(Judge("[1, tru]").substr(0, 2), "4:");
}

TEST(JsonReaderTest, AbsentMembersAreHarmless) {
  JsonParser parser;
  std::string text = "{\"a\":[]}";
  const JsonValue absent = parser.Parse(text)->Find("nope");
  EXPECT_FALSE(absent);
  EXPECT_EQ(absent.text(), "");
  EXPECT_FALSE(absent.Find("deeper"));
  for (const JsonValue value : absent) FAIL() << value.text();
}

TEST(JsonReaderTest, DepthIsCapped) {
  EXPECT_EQ(Judge(std::string(64, '[') + std::string(64, ']')), "ok");
  EXPECT_NE(Judge(std::string(65, '[') + std::string(65, ']')), "ok");
  EXPECT_NE(Judge(std::string(100'000, '[') + std::string(100'000, ']')), "ok");
  EXPECT_NE(Judge(std::string(100'000, '[')), "ok");
}

TEST(JsonReaderTest, EveryPrefixOfADocumentIsRefused) {
  const std::string whole =
      R"({"a":[1,-2.5e3,"x\"y",{"b":null,"c":true,"d":false}],"e":"\u00e4","f":{}})";
  ASSERT_EQ(Judge(whole), "ok");
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_NE(Judge(whole.substr(0, length)), "ok") << length;
  }
}

TEST(JsonReaderTest, WhatTheWriterWritesIsReadBackEqual) {
  std::string out;
  const std::string nasty = "q\" b\\ n\n t\t c\x01 \xc3\xa4 \xf0\x9f\x98\x80";
  JsonWriter(&out)
      .BeginObject()
      .Field("s", nasty)
      .Key("l")
      .BeginArray()
      .Number(-5)
      .EndArray()
      .Field("u", uint64_t{18446744073709551615u})
      .EndObject();
  JsonParser parser;
  auto root = parser.Parse(out);
  ASSERT_TRUE(root.ok()) << out;
  EXPECT_EQ(root->String("s"), nasty);
  uint64_t u = 0;
  EXPECT_TRUE(root->Unsigned("u", &u));
  EXPECT_EQ(u, 18446744073709551615u);
}

}  // namespace
}  // namespace tillrelay
