#include "agent/status/page.h"

#include <gtest/gtest.h>

#include "agent/status/assets.h"
#include "tests/unit/agent/status/samples.h"

namespace tillrelay::status {
namespace {

TEST(Page, SaysTheVerdictInTitleIconAndWords) {
  const std::string page = OverviewPage(SampleNamed("name"));
  EXPECT_NE(page.find("<title>▲ 412 waiting · Store 0042 · Tillrelay</title>"), std::string::npos);
  EXPECT_NE(page.find("rel=\"icon\" type=\"image/svg+xml\" href=\"/assets/state-amber.svg\""),
            std::string::npos);
  EXPECT_NE(page.find("<h1>412 events waiting, oldest 14:01Z. Head office cannot be reached since "
                      "14:01Z.</h1>"),
            std::string::npos);
  EXPECT_NE(page.find("<li>Check the router"), std::string::npos);
}

TEST(Page, EscapesEverythingThatCameFromOutside) {
  const std::string page = OverviewPage(SampleNamed("hostile"));
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("alert(\"1\")"), std::string::npos);
  EXPECT_NE(page.find("&lt;script&gt;"), std::string::npos);
}

TEST(Page, NeedsNoScriptAndNoInlineStyle) {
  for (const Sample& sample : Samples()) {
    const std::string page = OverviewPage(SampleNamed(sample.name));
    for (const char* forbidden :
         {"<script", "style=", "<style", "javascript:", " onclick", "http://", "https://", "{}"}) {
      EXPECT_EQ(page.find(forbidden), std::string::npos) << sample.name << " " << forbidden;
    }
  }
}

TEST(Page, OpensAndClosesItsElementsInOrder) {
  for (const Sample& sample : Samples()) {
    const std::string page = OverviewPage(SampleNamed(sample.name));
    std::vector<std::string> open;
    for (size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
      if (page[at + 1] == '!') continue;
      const size_t end = page.find('>', at);
      const bool closes = page[at + 1] == '/';
      const size_t name = at + (closes ? 2 : 1);
      const std::string tag = page.substr(name, page.find_first_of(" >/", name) - name);
      if (tag == "meta" || tag == "link" || tag == "img" || page[end - 1] == '/') continue;
      if (!closes) {
        open.push_back(tag);
      } else {
        ASSERT_FALSE(open.empty()) << sample.name;
        ASSERT_EQ(open.back(), tag) << sample.name;
        open.pop_back();
      }
    }
    EXPECT_TRUE(open.empty()) << sample.name;
  }
}

TEST(Page, StaysSmall) {
  Snapshot snapshot = Healthy();
  for (int i = 0; i < 5000; ++i) snapshot.registers.emplace_back().register_id = "r";
  EXPECT_LT(OverviewPage(snapshot).size(), 40'000u);
  EXPECT_LT(FindAsset("style.css")->bytes.size(), 30'000u);
}

TEST(Page, LeavesOutTheCentreWhereTheBrokerCounts) {
  const std::string page = OverviewPage(SampleNamed("delivered-broker"));
  EXPECT_EQ(page.find("confirmed by head office"), std::string::npos);
  EXPECT_NE(page.find("its acknowledgement counts as delivered"), std::string::npos);
}

}  // namespace
}  // namespace tillrelay::status
