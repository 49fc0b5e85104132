#include <gtest/gtest.h>

#include "common/base/log.h"

namespace tillrelay::log {
namespace {

using std::chrono::seconds;

class RateLimitedLogTest : public testing::Test {
 protected:
  // What was written since the last call, oldest first.
  std::vector<std::string> Written() {
    std::vector<std::string> texts;
    for (const Line& line : Recent(Level::kInfo, 100)) texts.push_back(line.text);
    std::vector<std::string> fresh(texts.begin() + static_cast<ptrdiff_t>(seen_), texts.end());
    seen_ = texts.size();
    return fresh;
  }
  void SetUp() override { Written(); }

  Instant now_{seconds(1000)};
  size_t seen_ = 0;
};

TEST_F(RateLimitedLogTest, TheSameTextIsHeldBackAndCounted) {
  RateLimitedLog log(Level::kWarning, "room");
  for (int i = 0; i < 5; ++i) log.Report("full", now_ + seconds(i));
  EXPECT_EQ(Written(), std::vector<std::string>{"room: full"});
  log.Report("locked", now_ + seconds(6));
  EXPECT_EQ(Written(), std::vector<std::string>{"room: locked"}) << "another text is news";
  log.Report("locked", now_ + seconds(7));
  log.Report("locked", now_ + seconds(36));
  EXPECT_EQ(Written(), std::vector<std::string>{"room: locked (2 times since)"});
}

TEST_F(RateLimitedLogTest, WhatIsOverIsWrittenAtOnceWhenItComesAgain) {
  RateLimitedLog log(Level::kWarning, "room");
  log.Report("gone", now_);
  log.Clear();
  log.Report("gone", now_ + seconds(1));
  EXPECT_EQ(Written(), (std::vector<std::string>{"room: gone", "room: gone"}));
}

TEST_F(RateLimitedLogTest, OfAKindEveryTextIsTheSameAgain) {
  RateLimitedLog log(Level::kWarning, "room", Per::kKind);
  for (int i = 0; i < 500; ++i) log.Report("junk " + std::to_string(i), now_);
  log.Report("junk of later", now_ + seconds(30));
  EXPECT_EQ(Written(),
            (std::vector<std::string>{"room: junk 0", "room: junk of later (500 times since)"}));
}

}  // namespace
}  // namespace tillrelay::log
