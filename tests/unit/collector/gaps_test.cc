// Claims about asking: exactly what is missing, not too early, less and less often, one at a time.
#include "collector/control/gaps.h"

#include <gtest/gtest.h>

#include "tests/support/manual_clock.h"
#include "tests/support/seeded_random.h"

namespace tillrelay::collector {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class GapsTest : public ::testing::Test {
 protected:
  Now Read() const { return {clock_.Now(), "now"}; }
  // What has arrived so far, in any order.
  void Arrive(std::initializer_list<uint64_t> numbers) {
    for (const uint64_t number : numbers) {
      state_.seen.Add(number);
      state_.row.highest_seen = std::max(state_.row.highest_seen, number);
    }
    gaps_.Received(kKey, state_, Read());
  }
  void Status(uint64_t head, uint64_t sent = 0, uint64_t floor = 1,
              const std::string& session = "S1", const std::string& state = "online") {
    wire::StoreStatus status;
    status.state = state;
    status.session = session;
    if (state != "offline") {
      auto& stream = status.streams.emplace_back();
      stream.stream = kKey.stream;
      stream.head = head;
      stream.sent_through = sent;
      stream.floor = floor;
    }
    gaps_.Told(status, kKey.store, Read());
  }
  // What is asked now; the request goes out.
  std::string Ask() {
    std::string text;
    for (const auto& ask : gaps_.Due(Read())) {
      gaps_.NoteAsked(ask, "C" + std::to_string(++commands_), Read());
      text += ask.session + ":" + std::to_string(ask.range.first) + "-" +
              std::to_string(ask.range.last) + " ";
    }
    return text;
  }
  void Done(const std::string& state = "done") {
    wire::Reply reply;
    reply.command_id = "C" + std::to_string(commands_);
    reply.state = state;
    gaps_.Replied(kKey.store, reply, clock_.Now());
  }

  inline static const StreamKey kKey{"0042", "STREAM"};
  testing::ManualClock clock_;
  Gaps gaps_;
  StreamState state_;
  int commands_ = 0;
};

TEST_F(GapsTest, OvertakingWithinTheReorderTimeIsNoGap) {
  Status(3);
  Arrive({1, 3});
  clock_.Advance(milliseconds(1900));
  EXPECT_EQ(Ask(), "");
  Arrive({2});
  clock_.Advance(seconds(10));
  EXPECT_EQ(Ask(), "");
  EXPECT_FALSE(gaps_.changed());
}

TEST_F(GapsTest, ExactlyTheMissingRangesAreAskedForOneAtATime) {
  Status(9);
  Arrive({1, 4, 5, 8, 9});
  clock_.Advance(seconds(2));
  EXPECT_EQ(Ask(), "S1:2-3 ");
  EXPECT_EQ(gaps_.Shown(kKey).size(), 2u);
  EXPECT_EQ(Ask(), "");
  Done();
  EXPECT_EQ(Ask(), "S1:6-7 ");
}

TEST_F(GapsTest, BackOffDoublesFromTwoSecondsToFiveMinutes) {
  Status(2);
  Arrive({2});
  clock_.Advance(seconds(2));
  std::vector<int64_t> pauses;
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(Ask(), "S1:1-1 ");
    Done("refused");
    const auto next = gaps_.NextDeadline();
    ASSERT_TRUE(next);
    pauses.push_back(std::chrono::duration_cast<seconds>(*next - clock_.Now()).count());
    clock_.Advance(*next - clock_.Now() - milliseconds(1));
    ASSERT_EQ(Ask(), "");
    clock_.Advance(milliseconds(1));
  }
  EXPECT_EQ(pauses, (std::vector<int64_t>{2, 4, 8, 16, 32, 64, 128, 256, 300, 300}));
}

TEST_F(GapsTest, ARangeThatFillsIsGivenTimeAndStartsItsBackOffAnew) {
  Status(6);
  Arrive({6});
  clock_.Advance(seconds(2));
  EXPECT_EQ(Ask(), "S1:1-5 ");
  clock_.Advance(milliseconds(1900));
  Arrive({1, 2});
  Done();
  clock_.Advance(milliseconds(1900));
  EXPECT_EQ(Ask(), "");
  clock_.Advance(milliseconds(100));
  EXPECT_EQ(Ask(), "S1:3-5 ");
  EXPECT_EQ(gaps_.Shown(kKey)[0].range, (wire::Range{3, 5}));
  Arrive({3, 4, 5});
  EXPECT_TRUE(gaps_.Shown(kKey).empty());
  EXPECT_TRUE(gaps_.changed());
}

TEST_F(GapsTest, ASilentReplayFreesTheStoreAfterTenSeconds) {
  Status(9);
  Arrive({2, 4});
  clock_.Advance(seconds(2));
  EXPECT_EQ(Ask(), "S1:1-1 ");
  clock_.Advance(seconds(9));
  EXPECT_EQ(Ask(), "");
  clock_.Advance(seconds(1));
  EXPECT_NE(Ask(), "");
}

TEST_F(GapsTest, AnOfflineStoreIsAskedNothingButItsGapIsSeen) {
  Arrive({1, 3});
  clock_.Advance(seconds(5));
  EXPECT_EQ(Ask(), "");
  EXPECT_EQ(gaps_.Shown(kKey).size(), 1u);
  Status(3, 0, 1, "S2");
  EXPECT_EQ(Ask(), "S2:2-2 ");
  Status(3, 0, 1, "S2", "offline");
  clock_.Advance(seconds(60));
  EXPECT_EQ(Ask(), "");
}

TEST_F(GapsTest, TheWillOfAReplacedConnectionIsIgnored) {
  Status(3, 0, 1, "S2");
  Status(0, 0, 1, "S1", "offline");
  EXPECT_TRUE(gaps_.online(kKey.store));
  Status(0, 0, 1, "S2", "offline");
  EXPECT_FALSE(gaps_.online(kKey.store));
}

TEST_F(GapsTest, AFloorAboveOursIsAHoleWithoutAnyIsland) {
  Arrive({1, 2});
  Status(2, 2, 6);
  clock_.Advance(seconds(2));
  EXPECT_EQ(Ask(), "S1:3-5 ");
}

TEST_F(GapsTest, AHeadThatDoesNotComeIsAskedForButNotWhatWasNeverSent) {
  Arrive({1, 2});
  Status(100, 10);
  clock_.Advance(seconds(2));
  EXPECT_EQ(Ask(), "S1:3-10 ");
}

TEST_F(GapsTest, ASteadyDrainIsNeverAskedFor) {
  Status(1000, 100);
  for (uint64_t n = 1; n <= 90; ++n) {
    Arrive({n});
    clock_.Advance(milliseconds(1500));
    ASSERT_EQ(Ask(), "") << n;
  }
}

TEST_F(GapsTest, OneRequestIsBounded) {
  Arrive({1, 1'000'000});
  Status(1'000'000);
  clock_.Advance(seconds(2));
  EXPECT_EQ(Ask(), "S1:2-10001 ");
}

TEST_F(GapsTest, AbsurdNumbersFitTheDatabase) {
  Arrive({1});
  Status(UINT64_MAX, UINT64_MAX, UINT64_MAX);
  clock_.Advance(seconds(2));
  EXPECT_EQ(Ask(), "S1:2-10001 ");
  EXPECT_EQ(gaps_.Shown(kKey)[0].range.last, static_cast<uint64_t>(INT64_MAX));
}

TEST_F(GapsTest, WhatIsKeptAfterAllIsAskedForOnceInBoundedPiecesBehindTheGaps) {
  Status(30'004);
  Arrive({30'001, 30'002, 30'004});
  gaps_.KeptAfterAll(kKey, {{101, 10'200}, {20'000, 20'000}});
  EXPECT_EQ(Ask(), "S1:101-10100 ");
  Done();
  clock_.Advance(seconds(2));
  EXPECT_EQ(Ask(), "S1:1-10000 ");
  Done();
  EXPECT_EQ(Ask(), "S1:30003-30003 ");
  Done();
  EXPECT_EQ(Ask(), "S1:10101-10200 ");
  Done();
  EXPECT_EQ(Ask(), "S1:20000-20000 ");
  Done();
  EXPECT_EQ(Ask(), "");
}

// Whatever has happened before: while its store is there, each range that is missing is asked for,
// and again, though nothing comes and most requests are not even answered.
TEST_F(GapsTest, EveryKnownGapOfAStoreThatIsThereIsAskedForAgainAndAgain) {
  testing::SeededRandom random;
  for (int story = 0; story < 60; ++story) {
    gaps_ = {};
    std::vector<StreamState> states(3);
    const auto key = [](size_t i) { return StreamKey{"0042", "S" + std::to_string(i)}; };
    const auto told = [&](const std::string& session, const std::string& state) {
      wire::StoreStatus status;
      status.session = session;
      status.state = state;
      for (size_t i = 0; i < states.size() && state != "offline"; ++i) {
        auto& stream = status.streams.emplace_back();
        stream.stream = key(i).stream;
        stream.head = states[i].row.highest_seen + random.Below(3);
        stream.sent_through = stream.head;
        stream.floor = 1;
      }
      gaps_.Told(status, "0042", Read());
    };
    for (int step = 0; step < 100; ++step) {
      const size_t i = random.Below(states.size());
      const uint64_t number = 1 + random.Below(200);
      states[i].seen.Add(number);
      states[i].row.highest_seen = std::max(states[i].row.highest_seen, number);
      gaps_.Received(key(i), states[i], Read());
      if (random.Chance(0.1)) told("S" + std::to_string(random.Below(3)), "online");
      if (random.Chance(0.05)) told("S" + std::to_string(random.Below(3)), "offline");
      if (random.Chance(0.05)) gaps_.KeptAfterAll(key(i), {{1, 1 + random.Below(50)}});
      if (random.Chance(0.5)) Ask();
      if (random.Chance(0.3)) Done(random.Chance(0.5) ? "progress" : "refused");
      clock_.Advance(seconds(random.Below(20)));
    }
    told("S9", "online");
    // One round: 64 ranges of three streams, 10 s each without an answer.
    const Instant round_end = clock_.Now() + seconds(300 + 3 * 64 * 10 + 60);
    std::map<StreamKey, std::set<uint64_t>> asked;
    while (clock_.Now() < round_end) {
      for (const auto& ask : gaps_.Due(Read())) {
        asked[ask.key].insert(ask.range.first);
        gaps_.NoteAsked(ask, "C" + std::to_string(++commands_), Read());
      }
      if (random.Chance(0.1)) Done();
      const auto next = gaps_.NextDeadline();
      ASSERT_TRUE(next);
      clock_.Advance(std::max<Duration>(*next - clock_.Now(), milliseconds(1)));
    }
    for (size_t i = 0; i < states.size(); ++i) {
      for (const Gap& gap : gaps_.Shown(key(i))) {
        EXPECT_TRUE(asked[key(i)].contains(gap.range.first))
            << "story " << story << ": " << key(i).stream << " " << gap.range.first << ".."
            << gap.range.last;
      }
    }
  }
}

TEST_F(GapsTest, ARememberedGapKeepsItsAge) {
  Gap old;
  old.range = {2, 2};
  old.since = "yesterday";
  gaps_.Remember(kKey, old, Read());
  Arrive({1, 3});
  EXPECT_EQ(gaps_.Shown(kKey)[0].since, "yesterday");
  Arrive({2});
  EXPECT_TRUE(gaps_.changed());
  EXPECT_TRUE(gaps_.Shown(kKey).empty());
}

}  // namespace
}  // namespace tillrelay::collector
