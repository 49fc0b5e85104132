// What a centre that was set back lacks of an older stream.
#include "tests/unit/agent/uplink/sender_fixture.h"

namespace tillrelay::uplink {
namespace {

// Head office was set back below the end of an older stream, and cannot ask.
class OlderStreamTest : public SenderTest {
 protected:
  void SetUp() override {
    Make(100, 100);
    GoOnline();
    Settle();
    Run();
    AckAll();
    Keep(10, 1);
  }
  void Keep(uint64_t head, uint64_t floor) {
    sender_->OnPlaces(
        {{kSession, head, floor, head, false, {}, head}, {kStream, 100, 1, 100, true, {}}});
  }
  void Older(uint64_t through, ChainVerdict verdict = ChainVerdict::kEqual, bool retained = false) {
    Confirm(100);
    sender_->OnConfirm({kSession, through, {}, {}}, verdict, retained, now_);
  }
  // What is replayed in each of so many minutes, with head office's word at the end of each, and
  // nothing done but at a deadline.
  std::string Minutes(int minutes, uint64_t through) {
    std::string replayed;
    for (int i = 0; i < minutes; ++i) {
      const Instant end = now_ + seconds(60);
      Replays(&replayed, i);
      while (sender_->NextDeadline(now_) < end) {
        EXPECT_GT(sender_->NextDeadline(now_), now_) << "time stands";
        now_ = std::max(now_ + milliseconds(1), sender_->NextDeadline(now_));
        Replays(&replayed, i);
      }
      now_ = end;
      Older(through);
    }
    return replayed;
  }
  void Replays(std::string* replayed, int minute) {
    for (std::string reported = Run(); !reported.empty(); reported = Run()) {
      const size_t at = reported.find("replay");
      if (at != std::string::npos) {
        *replayed += std::to_string(minute) + ": " + reported.substr(at) + "; ";
      }
      AckAll();
    }
  }
};

TEST_F(OlderStreamTest, WhatACentreLacksAndDoesNotAskForIsSentByItselfAndLessAndLessOften) {
  Older(6);
  EXPECT_EQ(Minutes(2, 6), "");
  EXPECT_EQ(Minutes(121, 6),
            "0: replay 7-10; 4: replay 7-10; 12: replay 7-10; 28: replay 7-10; 60: replay 7-10; "
            "120: replay 7-10; ");
}

TEST_F(OlderStreamTest, WhatIsLackingIsToldUntilItIsThere) {
  const auto missing = [this] {
    UplinkStats stats;
    sender_->Describe(&stats, now_, {});
    return stats.older_missing;
  };
  EXPECT_EQ(missing(), 0u);
  Older(6);
  EXPECT_EQ(missing(), 4u);
  Older(8);
  EXPECT_EQ(missing(), 2u);
  Older(10);
  EXPECT_EQ(missing(), 0u);
  Older(6);
  EXPECT_EQ(missing(), 4u);
  sender_->OnPlaces({{kStream, 100, 1, 100, true, {}}});
  EXPECT_EQ(missing(), 0u) << "the journal no longer has it";
}

TEST_F(OlderStreamTest, AWordThatMovesIsGivenTimeAndTheLastOneEndsIt) {
  Older(6);
  EXPECT_EQ(Minutes(3, 6), "2: replay 7-10; ");
  Older(8);
  EXPECT_EQ(Minutes(3, 8), "2: replay 9-10; ");
  Older(2);  // set back once more
  EXPECT_EQ(Minutes(3, 2), "2: replay 3-10; ");
  EXPECT_EQ(Minutes(300, 10), "");
}

TEST_F(OlderStreamTest, ACentreThatAsksIsNotSentItTwice) {
  Older(6);
  wire::Command command = ReplayCommand(7, 10);
  command.stream = kSession;
  sender_->OnCommand(command, false, now_);
  EXPECT_EQ(Minutes(1, 10), "0: replay 7-10; ");
  EXPECT_EQ(Minutes(300, 10), "");
}

TEST_F(OlderStreamTest, NothingIsSentOnAWordThatIsOldOfAnotherHistoryOrBelowWhatIsKept) {
  Older(6, ChainVerdict::kEqual, true);
  Older(6, ChainVerdict::kNotKept);
  Older(16, ChainVerdict::kBeyondHead);
  EXPECT_EQ(Minutes(10, 10), "");
  Keep(10, 9);
  EXPECT_EQ(Minutes(10, 6), "");
}

TEST_F(OlderStreamTest, NothingIsSentWhileTheCentreIsSilentAndItIsSentWhenItSpeaksAgain) {
  Older(6);
  std::string replayed;
  now_ += minutes(60);
  Replays(&replayed, 0);
  EXPECT_EQ(replayed, "");
  Older(6);
  Replays(&replayed, 0);
  EXPECT_EQ(replayed, "0: replay 7-10; ");
}

TEST_F(OlderStreamTest, AStreamThatHasGoneIsForgotten) {
  Older(6);
  sender_->OnPlaces({{kStream, 100, 1, 100, true, {}}});
  EXPECT_EQ(Minutes(10, 6), "");
}

TEST_F(OlderStreamTest, ALostLinkSendsItAgainOnTheNextOne) {
  Older(6);
  Minutes(1, 6);
  std::string before;
  Replays(&before, 0);
  sender_->OnLost({LinkCause::kLost, "gone"}, now_);
  GoOnline();
  Settle();
  EXPECT_NE(Minutes(10, 6), "");
}

}  // namespace
}  // namespace tillrelay::uplink
