// History, log and system as JSON: every series has a place for every step, known or not.
#include "agent/api/diagnostics_json.h"

#include <gtest/gtest.h>

namespace tillrelay::api {
namespace {

WallTime At(int64_t second) { return WallTime(std::chrono::seconds(second)); }

TEST(InsightJson, EveryRangeHasItsPlacesAndEndsNow) {
  const WallTime now = At(1'795'000'123);
  for (const auto& [word, places, step] :
       {std::tuple{"1h", 60, 60}, {"24h", 288, 300}, {"7d", 168, 3600}, {"90d", 2160, 3600}}) {
    const auto* range = FindHistoryRange(word);
    ASSERT_NE(range, nullptr) << word;
    const auto wanted = PlacesOf(*range, now);
    EXPECT_EQ(wanted.from_s % step, 0);
    EXPECT_LE(wanted.through_s, 1'795'000'123);
    EXPECT_GT(wanted.through_s + step, 1'795'000'123);
    for (const auto& [name, values] : TableOf(wanted).series) {
      EXPECT_EQ(values.size(), static_cast<size_t>(places)) << word << name;
    }
  }
  EXPECT_EQ(FindHistoryRange("1y"), nullptr);
  EXPECT_EQ(FindHistoryRange(""), nullptr);
}

TEST(InsightJson, APointStandsInItsPlaceAndAGapIsNull) {
  journal::HistoryPoints found{60, 600, 720, {}};
  journal::HistoryPoint point;
  point.at_s = 660;
  point.values[0] = 3;
  found.points.push_back(point);
  point.at_s = 6000;  // outside
  found.points.push_back(point);
  const std::string json = HistoryJson(TableOf(found));
  EXPECT_NE(json.find("\"waiting\":[null,3"), std::string::npos) << json;
  EXPECT_NE(json.find("\"broker_ms_p50\":[null,null,null]"), std::string::npos) << json;
  EXPECT_NE(json.find("\"from\":\"1970-01-01T00:10:00Z\""), std::string::npos) << json;
}

TEST(InsightJson, LinesAndSettingsAreEscaped) {
  EXPECT_EQ(LogJson({{At(0), "info", "a \"b\""}}),
            "{\"lines\":[{\"at\":\"1970-01-01T00:00:00Z\",\"level\":\"info\","
            "\"text\":\"a \\\"b\\\"\"}]}");
  admin::SystemFacts facts;
  facts.settings.push_back({"broker.url", "\"mqtt://x\"", "/etc/a.toml"});
  EXPECT_NE(SystemJson(facts).find("\"value\":\"\\\"mqtt://x\\\"\""), std::string::npos);
}

}  // namespace
}  // namespace tillrelay::api
