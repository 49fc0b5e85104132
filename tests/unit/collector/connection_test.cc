// Claims about the collector's own connection: a line that is only slow or long is not given up, a
// silent one is.
#include "collector/service/connection.h"

#include <gtest/gtest.h>

#include <deque>

#include "tests/support/fake_link.h"
#include "tests/support/seeded_random.h"

namespace tillrelay::collector {
namespace {

using mqtt::LinkEventType;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class ConnectionTest : public ::testing::Test {
 protected:
  ConnectionTest() { link_.acknowledges = false; }

  // Every answer of the broker comes after a round trip, and `rate` bytes go out in a second.
  void PlayFor(Duration time) {
    const Instant end = now_ + time;
    while (now_ < end) {
      connection_.Tick(now_);
      for (mqtt::LinkEvent& event : link_.Take()) answers_.push_back({now_ + trip_, event});
      while (!answers_.empty() && answers_.front().at <= now_) {
        const mqtt::LinkEvent event = answers_.front().event;
        answers_.pop_front();
        connection_.Handle(event, now_);
      }
      now_ += milliseconds(100);
    }
  }
  bool Publish(size_t bytes) {
    const size_t before = link_.published.size();
    const std::string payload(bytes, 'x');
    if (!connection_.has_room()) return false;
    EXPECT_TRUE(connection_.Publish({.topic = "a/b", .payload = payload}, now_).ok());
    if (link_.published.size() == before || silent_) return true;
    free_at_ = std::max(free_at_, now_) +
               Duration(static_cast<int64_t>(1e9 * static_cast<double>(bytes) / rate_));
    mqtt::LinkEvent event;
    event.what = LinkEventType::kPublished;
    event.token = ++published_;
    answers_.push_back({free_at_ + trip_, event});
    return true;
  }

  struct Answer {
    Instant at{};
    mqtt::LinkEvent event;
  };
  testing::FakeLink link_;
  testing::SeededRandom random_;
  Connection connection_{&link_, &random_, {"a", "b"}};
  std::deque<Answer> answers_;
  Instant now_{std::chrono::hours(1)}, free_at_{};
  Duration trip_{};
  double rate_ = 1e9;
  bool silent_ = false;
  uint64_t published_ = 0;
};

TEST_F(ConnectionTest, ALongRoundTripEndsNoConnection) {
  for (const int trip_s : {0, 1, 9, 11, 20, 30}) {
    SCOPED_TRACE(trip_s);
    connection_.Close();
    answers_.clear();
    trip_ = seconds(trip_s);
    PlayFor(seconds(30) + 3 * trip_);
    ASSERT_TRUE(connection_.up());
    const int left = link_.disconnects;
    for (int i = 0; i < 20; ++i) {
      Publish(500);
      PlayFor(seconds(7));
    }
    EXPECT_EQ(link_.disconnects, left);
    PlayFor(2 * trip_);
  }
  connection_.Close();
  PlayFor(minutes(2));
  EXPECT_GE(link_.keep_alive, 3 * 30) << "a ping waits for its answer as long as anything else";
}

TEST_F(ConnectionTest, ALargeMessageIsWaitedForAsLongAsASlowLineNeeds) {
  PlayFor(seconds(5));
  ASSERT_TRUE(connection_.up());
  rate_ = 5000;
  ASSERT_TRUE(Publish(250'000));
  const int left = link_.disconnects;
  PlayFor(seconds(120));
  EXPECT_EQ(link_.disconnects, left);
  EXPECT_TRUE(connection_.has_room());
}

TEST_F(ConnectionTest, NoMoreIsUnderWayThanALineCarries) {
  PlayFor(seconds(5));
  rate_ = 5000;
  size_t under_way = 0;
  while (Publish(10'000)) under_way += 10'000;
  EXPECT_LE(under_way, mqtt::LineBudget::kFirst + 10'000);
  PlayFor(minutes(2));
  EXPECT_TRUE(connection_.has_room());
}

TEST_F(ConnectionTest, ABrokerThatIsSilentIsLeftAndOneThatIsFarLater) {
  for (const int trip_s : {0, 12}) {
    SCOPED_TRACE(trip_s);
    connection_.Close();
    answers_.clear();
    silent_ = false;
    trip_ = seconds(trip_s);
    PlayFor(minutes(2));
    ASSERT_TRUE(connection_.up());
    silent_ = true;
    Publish(100);
    const int left = link_.disconnects;
    PlayFor(std::max<Duration>(seconds(10), 3 * trip_) - seconds(1));
    EXPECT_EQ(link_.disconnects, left);
    PlayFor(seconds(2));
    EXPECT_EQ(link_.disconnects, left + 1);
  }
}

}  // namespace
}  // namespace tillrelay::collector
