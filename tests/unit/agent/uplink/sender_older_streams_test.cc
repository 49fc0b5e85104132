// What a centre that was set back lacks of an older stream.
#include "common/wire/rounds.h"
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

// A confirmation names 16 of them, other ones in each minute.
TEST_F(OlderStreamTest, MoreStreamsThanAConfirmationNamesBecomeCompleteInRounds) {
  constexpr size_t kStreams = 100;
  std::vector<StreamPlace> places;
  std::map<std::string, uint64_t> centre;  // has everything through this number
  for (size_t i = 0; i < kStreams; ++i) {
    const std::string stream = "01JD3V7Q8Z5W6K2M9T4RHX" + std::to_string(1000 + i);
    places.push_back({stream, 10, 1, 10, false, {}, 10});
    centre[stream] = 6;
  }
  places.push_back({kStream, 100, 1, 100, true, {}});
  sender_->OnPlaces(places);
  for (uint64_t minute = 0; minute < 60; ++minute) {
    Confirm(100);
    for (const size_t i : wire::Rounds{16, 8, 8}.Named(kStreams, minute)) {
      const std::string& stream = places[i].stream;
      sender_->OnConfirm({stream, centre[stream], {}, {}}, ChainVerdict::kEqual, false, now_);
    }
    const Instant end = now_ + seconds(60);
    while (now_ < end) {
      while (auto action = sender_->Next(now_)) {
        const auto* resend = std::get_if<act::Resend>(&*action);
        if (resend != nullptr) centre[resend->stream] = resend->last;
        Tell(*action);
        AckAll();
      }
      now_ = std::min(end, std::max(now_ + milliseconds(1), sender_->NextDeadline(now_)));
    }
  }
  for (const auto& [stream, through] : centre) EXPECT_EQ(through, 10u) << stream;
  EXPECT_EQ(Stats().older_missing, 0u);
}

// What is due of the older stream is in flight, numbers 7 to 10, and nothing else.
class RefusedReplayTest : public OlderStreamTest {
 protected:
  void SetUp() override {
    OlderStreamTest::SetUp();
    Older(6);
    now_ += kOlderGrace;
    Confirm(100);
    ASSERT_THAT(Run(), ::testing::HasSubstr("replay 7-10"));
    flying_.erase(flying_.begin(), flying_.end() - 4);
  }
  void Refuse(size_t i, int code = 0x99) {
    EXPECT_FALSE(sender_->OnRefused(flying_[i], code, now_));
    flying_.erase(flying_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  static std::string Replayed(const std::string& reported) {
    const size_t at = reported.find("replay");
    return at == std::string::npos ? "" : reported.substr(at);
  }
};

TEST_F(RefusedReplayTest, AnEventThatTheBrokerRefusesGoesOnceMoreInItsParkedForm) {
  for (const int code : {0x95, 0x99}) {
    SCOPED_TRACE(code);
    Refuse(1, code);
    const uint64_t number = code == 0x95 ? 8 : 9;
    EXPECT_TRUE(sender_->refused(kSession, number));
    EXPECT_FALSE(sender_->parked(number)) << "a number of another stream";
    EXPECT_EQ(Replayed(Run()), "replay " + std::to_string(number) + "-" + std::to_string(number));
    Refuse(flying_.size() - 1, code);  // not even that: the others go on, and the link stays
    EXPECT_EQ(Run(), "");
  }
  AckAll();
  EXPECT_EQ(Run(), "");
  EXPECT_FALSE(sender_->replaying());
  EXPECT_TRUE(sender_->link_open());
}

TEST_F(RefusedReplayTest, WhatTheCentreCallsOwedStaysOwed) {
  sender_->OnPlaces({{kSession, 10, 1, 10, false, {8}, 10}, {kStream, 100, 1, 100, true, {}}});
  Refuse(1);
  EXPECT_FALSE(sender_->refused(kSession, 8));
  EXPECT_EQ(Replayed(Run()), "");
}

TEST_F(RefusedReplayTest, EachEventOfARefusedBatchIsSentAlone) {
  sender_->OnSent(900, {7, true, 9, 0, {}, kSession}, 1000, now_);
  EXPECT_FALSE(sender_->OnRefused(900, 0x95, now_));
  EXPECT_EQ(Replayed(Run()), "replay 7-7 replay 8-8 replay 9-9");
}

TEST_F(RefusedReplayTest, ANewConnectionTriesTheBodyAgain) {
  Refuse(1);
  sender_->OnLost({LinkCause::kLost, "gone"}, now_);
  GoOnline();
  EXPECT_FALSE(sender_->refused(kSession, 8));
}

}  // namespace
}  // namespace tillrelay::uplink
