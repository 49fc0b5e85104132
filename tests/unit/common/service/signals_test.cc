#include "common/service/signals.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

namespace tillrelay::service {
namespace {

using std::chrono::milliseconds;

class SignalsTest : public testing::Test {
 protected:
  Signals signals_ = std::move(*Signals::Block());
};

TEST_F(SignalsTest, EachSignalIsAValue) {
  for (const auto& [number, expected] :
       {std::pair{SIGTERM, Signal::kStop}, {SIGINT, Signal::kStop}, {SIGHUP, Signal::kReload}}) {
    kill(getpid(), number);
    EXPECT_EQ(signals_.Wait(milliseconds(10'000)), expected) << number;
  }
  EXPECT_EQ(signals_.Wait(milliseconds(0)), Signal::kNone);
}

TEST_F(SignalsTest, ASignalThatCameEarlyIsNotLost) {
  kill(getpid(), SIGHUP);
  kill(getpid(), SIGTERM);
  EXPECT_EQ(signals_.Wait(milliseconds(0)), Signal::kReload);
  EXPECT_EQ(signals_.Wait(milliseconds(0)), Signal::kStop);
}

TEST_F(SignalsTest, AnotherThreadCanWakeTheWait) {
  std::thread other([this] { signals_.Wake(); });
  EXPECT_EQ(signals_.Wait(milliseconds(10'000)), Signal::kWoken);
  other.join();
  EXPECT_EQ(signals_.Wait(milliseconds(0)), Signal::kNone);
}

TEST_F(SignalsTest, WritingToAClosedPipeIsAnErrorNotTheEnd) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  EXPECT_EQ(write(ends[1], "x", 1), -1);
  close(ends[1]);
}

}  // namespace
}  // namespace tillrelay::service
