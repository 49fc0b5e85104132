#include "common/service/heartbeat.h"

#include <gtest/gtest.h>

namespace tillrelay::service {
namespace {

using std::chrono::seconds;
using Names = std::vector<std::string>;

TEST(Heartbeat, EachThreadHasItsOwnBudget) {
  const Instant start(seconds(100));
  Heartbeat heart;
  auto& http = heart.Add("http", seconds(5), start);
  auto& journal = heart.Add("journal", seconds(20), start);
  EXPECT_EQ(heart.Stalled(start + seconds(5)), Names{});
  EXPECT_EQ(heart.Stalled(start + seconds(6)), Names{"http"});
  http.Beat(start + seconds(15));
  EXPECT_EQ(heart.Stalled(start + seconds(20)), Names{});
  EXPECT_EQ(heart.Stalled(start + seconds(21)), (Names{"http", "journal"}));
  journal.Beat(start + seconds(21));
  EXPECT_EQ(heart.Stalled(start + seconds(21)), Names{"http"});
}

TEST(Heartbeat, ABeatFromTheFutureIsNoStall) {
  Heartbeat heart;
  heart.Add("http", seconds(5), Instant(seconds(100)));
  EXPECT_EQ(heart.Stalled(Instant(seconds(1))), Names{});
}

TEST(Heartbeat, AnAnnouncedSilenceIsNoStallUntilItIsOver) {
  const Instant start(seconds(100));
  Heartbeat heart;
  auto& journal = heart.Add("journal", seconds(5), start);
  journal.ExpectSilence(start, seconds(60));
  EXPECT_EQ(heart.Stalled(start + seconds(65)), Names{});
  EXPECT_EQ(heart.Stalled(start + seconds(66)), Names{"journal"});
  journal.Beat(start + seconds(10));
  EXPECT_EQ(heart.Stalled(start + seconds(16)), Names{"journal"}) << "the next beat ends it";
}

}  // namespace
}  // namespace tillrelay::service
