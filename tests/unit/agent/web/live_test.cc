#include "agent/web/live.h"

#include <gtest/gtest.h>

#include "tests/unit/agent/monitor/samples.h"

namespace tillrelay::web {
namespace {

TEST(LivePage, TellsOnlyWhatChanged) {
  monitor::Snapshot snapshot = monitor::Healthy();
  LivePage page([&snapshot] { return snapshot; }, {});
  EXPECT_NE(page.Difference().find("\"verdict\""), std::string::npos);  // all is new at first
  EXPECT_EQ(page.Difference(), "{\"asof\":\"14:37:12Z\"}");
  snapshot.journal.quarantined = 1;
  const std::string changed = page.Difference();
  EXPECT_NE(changed.find("\"quarantine-count\""), std::string::npos);
  EXPECT_NE(changed.find("\"level\":\"amber\""), std::string::npos);
  EXPECT_EQ(changed.find("\"registers\""), std::string::npos);
}

TEST(LivePage, TheWholeIsEverythingAndOneLine) {
  LivePage page([] { return monitor::SampleNamed("hostile"); }, {});
  const std::string whole = page.Whole();
  for (const char* piece : {"verdict", "tile-waiting", "tile-captured", "tile-latency", "tile-disk",
                            "bar", "needs", "registers", "facts", "state"}) {
    EXPECT_NE(whole.find("\"" + std::string(piece) + "\":\""), std::string::npos) << piece;
  }
  EXPECT_EQ(whole.find('\n'), std::string::npos);  // a line end would end the event
  // A title is set as text; what becomes markup is escaped.
  EXPECT_EQ(whole.find("<script>", whole.find("\"pieces\"")), std::string::npos);
}

}  // namespace
}  // namespace tillrelay::web
