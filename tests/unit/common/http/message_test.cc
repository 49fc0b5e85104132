#include "common/http/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/json_reader.h"
#include "common/http/cookies.h"
#include "common/http/request_rules.h"
#include "common/http/response_text.h"

namespace tillrelay::http {
namespace {

TEST(Headers, AreFoundWithoutRegardToCaseAndKeepTheirOrder) {
  Headers headers;
  headers.Add("Content-Type", "text/csv");
  headers.Add("X-A", "1");
  headers.Add("x-a", "2");
  Headers copy = headers;
  headers = {};
  EXPECT_EQ(copy.Find("content-type"), "text/csv");
  EXPECT_EQ(copy.Find("X-a"), "1");
  EXPECT_EQ(copy.Count("X-A"), 2u);
  EXPECT_EQ(copy[2].second, "2");
  EXPECT_EQ(copy.Find("absent"), "");
}

TEST(PercentDecode, TakesWholeEscapesOnly) {
  EXPECT_EQ(PercentDecode("a%20b%C3%BC"), "a b\xc3\xbc");
  EXPECT_EQ(PercentDecode("a+b"), "a+b");
  EXPECT_EQ(PercentDecode("a+b", true), "a b");
  for (const char* bad : {"%", "%4", "%zz", "a%0", "%00", "%0a", "%7f"}) {
    EXPECT_EQ(PercentDecode(bad), std::nullopt) << bad;
  }
}

TEST(ParseQuery, KeepsOrderAndEmptyValues) {
  const auto parameters = ParseQuery("a=1&b&c=&&a=2%263");
  ASSERT_TRUE(parameters);
  const QueryParameters expected = {{"a", "1"}, {"b", ""}, {"c", ""}, {"a", "2&3"}};
  EXPECT_EQ(*parameters, expected);
  EXPECT_FALSE(ParseQuery("a=%"));
  EXPECT_TRUE(ParseQuery("")->empty());
}

TEST(Problem, IsADocumentOfItsOwnType) {
  Response response = Problem(400, "bad-json", "It is \"bad\"", "at 12", "\"offset\":12");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.content_type, "application/problem+json");
  JsonParser parser;
  auto root = parser.Parse(response.body);
  ASSERT_TRUE(root.ok());
  EXPECT_EQ(root->String("type"), "https://tillrelay.org/problems/bad-json");
  EXPECT_EQ(root->String("title"), "It is \"bad\"");
  uint64_t number = 0;
  EXPECT_TRUE(root->Unsigned("offset", &number));
  EXPECT_EQ(number, 12u);
}

TEST(HostName, IsTheNameInLowerCaseWithoutPort) {
  EXPECT_EQ(HostName("Till-1.Example:8470"), "till-1.example");
  EXPECT_EQ(HostName("[FE80::1]:80"), "fe80::1");
  EXPECT_EQ(HostName("localhost:"), "localhost");
  for (const char* bad : {"", ":80", "a b", "a:b", "[::1", "[::1]x", "a/b", "a,b", "a:80:80"}) {
    EXPECT_EQ(HostName(bad), std::nullopt) << bad;
  }
}

TEST(CookiesNamed, EveryValueOfTheNameIsToldAndNoOther) {
  const auto of = [](std::string_view header) { return CookiesNamed("sid", header); };
  EXPECT_THAT(of(""), ::testing::IsEmpty());
  EXPECT_THAT(of("sid"), ::testing::IsEmpty());
  EXPECT_THAT(of("xsid=1; side=2; SID=3"), ::testing::IsEmpty());
  EXPECT_THAT(of("sid=1"), ::testing::ElementsAre("1"));
  EXPECT_THAT(of("a=0;  sid=1=2 ;b=3; sid=; sid=4;"), ::testing::ElementsAre("1=2 ", "", "4"));
}

TEST(DateLine, IsTheFormatOfTheStandard) {
  DateLine date;
  EXPECT_EQ(date.At(WallTime(std::chrono::seconds(784111777))), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(date.At(WallTime(std::chrono::seconds(0))), "Thu, 01 Jan 1970 00:00:00 GMT");
}

}  // namespace
}  // namespace tillrelay::http
