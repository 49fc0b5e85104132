// Claims about a delivery that never stands still: quiet hours, a centre that comes back, caps in
// every form, bodies that are owed, brokers that close connections.
#include <deque>

#include "tests/unit/agent/uplink/sender_fixture.h"

namespace tillrelay::uplink {
namespace {

// Small messages pass, events do not: told after the second connection, until one passes.
TEST_F(SenderTest, EventsThatAreTooLargeForTheLineAreTold) {
  Make(1);
  for (int tries = 0; tries < 3; ++tries) {
    EXPECT_EQ(Stats().stuck_bytes, tries < 2 ? 0u : 1000u);
    GoOnline();
    Settle();
    ASSERT_EQ(Run(), "send 1-1");
    now_ = sender_->NextDeadline(now_);
    ASSERT_EQ(Run(), "disconnect");
    flying_.clear();
  }
  GoOnline();
  Settle();
  Run();
  EXPECT_EQ(Stats().stuck_bytes, 1000u);
  AckAll();
  EXPECT_EQ(Stats().stuck_bytes, 0u);
}

TEST_F(SenderTest, ALineThatCarriesOtherEventsIsNotToldAsTooNarrow) {
  Make(2);
  for (int tries = 0; tries < 4; ++tries) {
    GoOnline();
    Settle();
    ASSERT_EQ(Run(), "send 1-2");
    sender_->OnAcked(flying_.front(), now_);
    now_ += kAckTimeout;
    sender_->OnLost({LinkCause::kLost, "gone"}, now_);
    flying_.clear();
    EXPECT_EQ(Stats().stuck_bytes, 0u);
  }
  for (int tries = 0; tries < 4; ++tries) {  // a broker that ends connections at once
    GoOnline();
    Settle();
    Run();
    sender_->OnLost({LinkCause::kLost, "gone"}, now_);
    flying_.clear();
    EXPECT_EQ(Stats().stuck_bytes, 0u);
  }
}

TEST_F(SenderTest, ABrokerThatClosesConnectionsIsNoTwin) {
  Make(1);
  for (int i = 0; i < 50; ++i) {
    now_ = std::max(now_, sender_->NextDeadline(now_));
    ASSERT_EQ(Run(), "connect");
    sender_->OnConnected(100, now_, i % 2 == 0);
    Run();
    now_ += std::chrono::seconds(10);
    sender_->OnLost({LinkCause::kLost, "closed"}, now_);
    ASSERT_EQ(Stats().cause, LinkCause::kLost);
    ASSERT_LE(sender_->NextDeadline(now_) - now_, Duration(kRetryMax));
  }
}

TEST_F(SenderTest, ALinkThatLivedShortlyKeepsItsBackOff) {
  Make(1);
  Duration longest{0};
  for (int i = 0; i < 30; ++i) {
    GoOnline();
    now_ += kStableAfter - seconds(1);
    sender_->OnLost({LinkCause::kLost, "gone"}, now_);
    longest = std::max(longest, Duration(sender_->NextDeadline(now_) - now_));
  }
  EXPECT_GT(longest, Duration(seconds(20)));
  GoOnline();
  now_ += kStableAfter;
  sender_->OnLost({LinkCause::kLost, "gone"}, now_);
  EXPECT_LE(sender_->NextDeadline(now_) - now_, Duration(kRetryMin));
}

TEST_F(SenderTest, ARetainedConfirmationIsNoSignOfLife) {
  Make(5, 5);
  GoOnline();
  for (int i = 0; i < 20; ++i) {
    now_ += seconds(10);
    Confirm(5, true);
    Run();
    AckAll();
  }
  EXPECT_TRUE(Stats().centre_away);
  Confirm(5);
  EXPECT_FALSE(Stats().centre_away);
}

// "On line" lasts only as long as a confirmation may take; a fresh connection is no proof either.
TEST_F(SenderTest, WhatTheBrokerTookAndTheCentreDoesNotConfirmIsOverdue) {
  Make(3);
  GoOnline();
  Settle();
  Run();
  now_ += kConfirmLate;
  EXPECT_EQ(Stats().unconfirmed_since, WallTime()) << "the broker has acknowledged nothing";
  AckAll();
  now_ += kConfirmLate - milliseconds(1);
  EXPECT_EQ(Stats().unconfirmed_since, WallTime());
  now_ += milliseconds(1);
  EXPECT_NE(Stats().unconfirmed_since, WallTime());
  Confirm(2);
  EXPECT_EQ(Stats().unconfirmed_since, WallTime()) << "it moves";
  now_ += kConfirmLate;
  EXPECT_NE(Stats().unconfirmed_since, WallTime());
  now_ += kFirstFreshLink;
  Run();
  EXPECT_EQ(Stats().cause, LinkCause::kUnconfirmed);
  GoOnline();
  Settle();
  EXPECT_NE(Stats().unconfirmed_since, WallTime());
  Confirm(3);
  now_ += kConfirmLate;
  EXPECT_EQ(Stats().unconfirmed_since, WallTime());
}

TEST_F(SenderTest, AfterAnOutageTheCentreHasItsTimeAnew) {
  Make(3);
  GoOnline();
  Settle();
  Run();
  AckAll();
  now_ += seconds(1);
  sender_->OnLost({LinkCause::kLost, "closed"}, now_);
  now_ += std::chrono::hours(1);
  GoOnline();
  EXPECT_EQ(Stats().unconfirmed_since, WallTime());
}

// What ended a connection is shown until an event arrives or nothing waits, through however many
// connections; and since when delivery has failed is not since the last of them.
TEST_F(SenderTest, ANewConnectionDisprovesNothing) {
  for (const LinkCause cause : {LinkCause::kSilent, LinkCause::kRights, LinkCause::kLost,
                                LinkCause::kTakeOver, LinkCause::kOther}) {
    SCOPED_TRACE(static_cast<int>(cause));
    Make(3);
    GoOnline();
    Settle();
    Run();
    const Instant began = now_;
    for (int i = 0; i < 5; ++i) {
      sender_->OnLost({cause, "why"}, now_);
      now_ = std::max(now_, sender_->NextDeadline(now_));
      Run();
      if (i % 2 == 0) {  // between them it fails of something else
        sender_->OnConnectFailed({LinkCause::kTcp, "no"}, now_);
        now_ = std::max(now_, sender_->NextDeadline(now_));
        Run();
      }
      EXPECT_NE(Stats().cause, LinkCause::kNone);
      sender_->OnConnected(100, now_);
      Run();
      sender_->OnSubscribed(now_);
      flying_.clear();
      EXPECT_EQ(Stats().cause, cause);
      EXPECT_TRUE(Stats().awaits_proof);
      Settle();
      Run();
      EXPECT_EQ(Stats().cause, cause);
      EXPECT_EQ(WallTime{} - Stats().outage_since,
                std::chrono::duration_cast<std::chrono::microseconds>(now_ - began));
    }
    AckAll();  // the broker takes events: the way there is proven, delivery is not
    EXPECT_EQ(Stats().cause, cause == LinkCause::kTakeOver ? cause : LinkCause::kNone);
    EXPECT_TRUE(Stats().awaits_proof);
    Confirm(1);
    EXPECT_EQ(Stats().cause, cause == LinkCause::kTakeOver ? cause : LinkCause::kNone);
    now_ += kStableAfter;
    Confirm(2);
    EXPECT_EQ(Stats().cause, LinkCause::kNone);
    EXPECT_EQ(Stats().outage_since, WallTime{});
    EXPECT_FALSE(Stats().awaits_proof);
  }
}

TEST_F(SenderTest, WhereNothingWaitsAnAnswerOfTheBrokerIsProof) {
  Make(3, 3);
  GoOnline();
  Settle();
  sender_->OnLost({LinkCause::kSilent, "the status was not acknowledged"}, now_);
  now_ = std::max(now_, sender_->NextDeadline(now_));
  Run();
  sender_->OnConnected(100, now_);
  Run();
  sender_->OnSubscribed(now_);
  Run();
  EXPECT_EQ(Stats().cause, LinkCause::kSilent);
  EXPECT_FALSE(Stats().awaits_proof);
  AckAll();
  EXPECT_EQ(Stats().cause, LinkCause::kNone);
}

TEST_F(SenderTest, AfterAStartWhatWaitsIsNotProvenByTheConnection) {
  Make(3);
  GoOnline();
  EXPECT_TRUE(Stats().awaits_proof);
  Confirm(1, true);
  EXPECT_FALSE(Stats().awaits_proof);
}

// Each connection shorter than it takes to see it again.
TEST_F(SenderTest, WhatWasSeenOfTheCentreOutlivesTheConnection) {
  Make(3);
  GoOnline();
  Settle();
  Run();
  AckAll();
  now_ += kAwayAfter;
  const WallTime late =
      WallTime{} - std::chrono::duration_cast<std::chrono::microseconds>(kAwayAfter);
  EXPECT_EQ(Stats().unconfirmed_since, late);
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(Stats().centre_away);
    EXPECT_TRUE(Stats().never_confirmed);
    EXPECT_LE(Stats().unconfirmed_since, late);
    EXPECT_NE(Stats().unconfirmed_since, WallTime{});
    sender_->OnLost({LinkCause::kLost, "closed"}, now_);
    GoOnline();
  }
  sender_->OnCentreHeard(true, now_);
  EXPECT_FALSE(Stats().never_confirmed);
  EXPECT_TRUE(Stats().centre_away) << "what was kept at the broker is no sign";
  sender_->OnCentreHeard(false, now_);
  EXPECT_FALSE(Stats().centre_away);
  EXPECT_NE(Stats().unconfirmed_since, WallTime{}) << "it speaks, and does not confirm";
  Confirm(3);
  EXPECT_EQ(Stats().unconfirmed_since, WallTime{});
}

// Of the sender under test, its session is kSession.
const wire::HeardSession kLater{"ZZ", "b"}, kEarlier{"00", "b"};

TEST_F(SenderTest, ALaterServerIsGivenWayToForMinutes) {
  Make(1);
  GoOnline();
  EXPECT_EQ(sender_->OnTwin(kLater, now_), TwinStep::kGiveWay);
  EXPECT_EQ(Run(), "disconnect");
  EXPECT_EQ(Stats().cause, LinkCause::kTakeOver);
  EXPECT_THAT(Stats().last_error, ::testing::HasSubstr("host b"));
  EXPECT_GE(sender_->NextDeadline(now_) - now_, Duration(kTakeOverMin));
  EXPECT_LE(sender_->NextDeadline(now_) - now_, Duration(kTakeOverMax));
  sender_->OnTwin(kLater, now_);  // what was still in the inbox
  EXPECT_EQ(Run(), "");
}

TEST_F(SenderTest, AnEarlierServerIsToldOfAndDeliveryGoesOn) {
  Make(1);
  GoOnline();
  EXPECT_EQ(sender_->OnTwin(kEarlier, now_), TwinStep::kStay);
  EXPECT_TRUE(sender_->link_open());
  EXPECT_THAT(Stats().twin, ::testing::HasSubstr("host b"));
  now_ += kTwinShown;
  EXPECT_EQ(Stats().twin, "");
}

// Both of two servers with one name come back in the end, and deliver before they give way again.
TEST_F(SenderTest, WhoeverHasGivenWayHasAMinuteForItself) {
  Make(1);
  GoOnline();
  EXPECT_EQ(sender_->OnTwin(kLater, now_), TwinStep::kGiveWay);
  Run();
  now_ = sender_->NextDeadline(now_) + std::chrono::hours(1);  // the line was away meanwhile
  GoOnline();
  EXPECT_EQ(sender_->OnTwin(kLater, now_), TwinStep::kGoOn);
  EXPECT_TRUE(sender_->link_open());
  now_ += kTakeOverTurn;
  EXPECT_EQ(sender_->OnTwin(kLater, now_), TwinStep::kGiveWay);
}

TEST_F(SenderTest, WhoeverStaysStepsBackForTheOthersTurn) {
  Make(1);
  GoOnline();
  EXPECT_EQ(sender_->OnTwin(kEarlier, now_), TwinStep::kStay);
  now_ += kTakeOverMin;
  EXPECT_EQ(sender_->OnTwin(kEarlier, now_), TwinStep::kStepBack);
  Run();
  EXPECT_EQ(sender_->NextDeadline(now_) - now_, Duration(kTakeOverTurn));
}

TEST_F(SenderTest, WhoeverCouldReadOthersComesBackToLookForWhoTookItsPlace) {
  Make(1);
  GoOnline();
  sender_->OnTakenOver({LinkCause::kTakeOver, "another client"}, false, now_);
  EXPECT_EQ(Stats().cause, LinkCause::kTakeOver);
  EXPECT_LE(sender_->NextDeadline(now_) - now_, Duration(kRetryMax));
}

// Row by row: how long nothing was sold, with the centre's heartbeat going on.
TEST_F(SenderTest, AQuietHourIsNoReasonForANewConnection) {
  for (int quiet_s = 10; quiet_s <= 3 * 3600; quiet_s += 95) {
    Make(5);
    GoOnline();
    Settle();
    Run();
    AckAll();
    Confirm(5);
    for (int passed = 0; passed < quiet_s; passed += 5) {
      now_ += seconds(5);
      if (passed % 60 == 0) Confirm(5);
      ASSERT_EQ(Run().find("disconnect"), std::string::npos) << quiet_s;
      AckAll();
    }
    sender_->OnHead(6, 1);
    EXPECT_THAT(Run(), ::testing::HasSubstr("send 6-6"));
    AckAll();
    now_ += kProbeAfter - seconds(1);
    ASSERT_EQ(Run().find("disconnect"), std::string::npos) << quiet_s;
    AckAll();
    Confirm(6);
    now_ += kFirstFreshLink;
    ASSERT_EQ(Run().find("disconnect"), std::string::npos) << quiet_s;
  }
}

TEST_F(SenderTest, WhatWaitsStillGetsANewConnectionInTime) {
  Make(5);
  GoOnline();
  Settle();
  Run();
  AckAll();
  Confirm(5);
  now_ += std::chrono::minutes(10);
  Confirm(5);
  sender_->OnHead(6, 1);
  Run();
  std::string reported;
  for (int i = 0; i < 60 && reported.find("disconnect") == std::string::npos; ++i) {
    now_ += seconds(5);
    Confirm(5);
    reported += Run() + " ";
    AckAll();
  }
  EXPECT_THAT(reported, ::testing::HasSubstr("send 6-6"));  // asked by sending it again
  EXPECT_THAT(reported, ::testing::HasSubstr("disconnect"));
}

TEST_F(SenderTest, ACentreThatComesBackIsGivenTimeToConfirm) {
  Make(5);
  GoOnline();
  Settle();
  Run();
  AckAll();
  now_ += std::chrono::hours(2);
  Run();
  AckAll();
  Confirm(0);  // its first word, before it has read what waits for it
  EXPECT_EQ(Run().find("disconnect"), std::string::npos);
  now_ += seconds(20);
  EXPECT_EQ(Run().find("disconnect"), std::string::npos);
}

TEST_F(SenderTest, OwedBodiesAreSentAgainOnEachNewConnection) {
  Make(5, 5, 4);
  StreamPlace place{kStream, 5, 4, 5, true, {2, 5}, 5};
  sender_->OnPlaces({place});
  for (int i = 0; i < 2; ++i) {
    GoOnline();
    Settle();
    EXPECT_EQ(Run(), "replay 2-2 replay 5-5");
    AckAll();
    EXPECT_EQ(Run(), "");
    sender_->OnLost({LinkCause::kLost, "gone"}, now_);
  }
  place.owed.clear();
  sender_->OnPlaces({place});
  GoOnline();
  Settle();
  EXPECT_EQ(Run(), "");
}

// A line that carries so many bytes a second, one message after the other; what a connection has
// not carried is lost with it.
class SlowLineTest : public SenderTest {
 protected:
  static constexpr Duration kStep = milliseconds(100);

  // Runs until everything is confirmed; gives the bytes that left for each byte of the events.
  double Drain(size_t bytes_per_s, const std::vector<size_t>& events, seconds most) {
    Make(events.size());
    const Instant end = now_ + most;
    size_t sent = 0, whole = 0;
    for (const size_t size : events) whole += size;
    std::deque<Message> line;
    double credit = 0;
    for (; now_ < end && sender_->confirmed_through() < events.size(); now_ += kStep) {
      Perform(events, &line, &sent);
      credit = std::min(credit, 0.0) + static_cast<double>(bytes_per_s) / 10;
      while (!line.empty() && credit >= static_cast<double>(line.front().left)) {
        const Message message = line.front();
        line.pop_front();
        credit -= static_cast<double>(message.left);
        sender_->OnAcked(message.token, now_);
        if (message.number > 0) Confirm(message.number);
      }
      if (line.empty()) continue;
      line.front().left -= static_cast<size_t>(std::max(credit, 0.0));
      credit = 0;
    }
    EXPECT_EQ(sender_->confirmed_through(), events.size());
    return static_cast<double>(sent) / static_cast<double>(whole);
  }
  int disconnects_ = 0;
  size_t most_under_way_ = 0;

 private:
  struct Message {
    uint64_t token, number;
    size_t left;
  };
  void Perform(const std::vector<size_t>& events, std::deque<Message>* line, size_t* sent) {
    while (auto action = sender_->Next(now_)) {
      if (std::holds_alternative<act::Connect>(*action)) {
        sender_->OnConnected(65535, now_);
      } else if (std::holds_alternative<act::Subscribe>(*action)) {
        sender_->OnSubscribed(now_);
        Confirm(sender_->confirmed_through(), true);
      } else if (std::holds_alternative<act::Disconnect>(*action)) {
        line->clear();
        ++disconnects_;
      } else if (std::holds_alternative<act::PublishStatus>(*action)) {
        Put({next_token_++, 0, 1000}, line);
      } else if (const auto* send = std::get_if<act::Send>(&*action)) {
        for (uint64_t n = send->first; n <= send->last; ++n) {
          if (n > send->first && !sender_->may_send()) break;
          Put({next_token_++, n, events[n - 1]}, line);
          *sent += events[n - 1];
        }
      }
    }
  }
  void Put(Message message, std::deque<Message>* line) {
    sender_->OnSent(message.token, {message.number}, message.left, now_);
    line->push_back(message);
    size_t under_way = 0;
    for (const Message& waiting : *line) under_way += waiting.left;
    most_under_way_ = std::max(most_under_way_, under_way);
  }
};

TEST_F(SlowLineTest, ReceiptsOfEverySizePassASlowLine) {
  std::vector<size_t> events;
  for (const size_t kb :
       std::initializer_list<size_t>{1, 2, 120, 5, 250, 1, 64, 200, 1, 1, 65, 30, 250, 250, 10}) {
    events.push_back(kb * 1000);
  }
  for (const size_t rate : std::initializer_list<size_t>{8'000, 16'000, 125'000}) {
    disconnects_ = 0;
    EXPECT_LE(Drain(rate, events, std::chrono::hours(1)), 1.3) << rate;
    EXPECT_EQ(disconnects_, 0) << rate;
  }
}

TEST_F(SlowLineTest, AnEventThatTakesLongerThanAnyProbePassesToo) {
  EXPECT_LE(Drain(8'000, {1000, 2'000'000, 1000}, std::chrono::hours(1)), 1.05);
  EXPECT_EQ(disconnects_, 0);
}

TEST_F(SlowLineTest, ManySmallOnesDoNotPileUpOnASlowLine) {
  const std::vector<size_t> events(2000, 1000);
  EXPECT_LE(Drain(8'000, events, std::chrono::hours(1)), 1.05);
  EXPECT_EQ(disconnects_, 0);
  EXPECT_LE(most_under_way_, LineBudget::kFirst + 1000);
}

TEST_F(SlowLineTest, AFastLineIsFilled) {
  const std::vector<size_t> events(200'000, 1000);
  const Instant begun = now_;
  Drain(20'000'000, events, std::chrono::hours(1));
  EXPECT_LE(now_ - begun, Duration(seconds(260)));  // 100 messages in flight at 10 looks a second
}

TEST(LineBudget, GrowsWithWhatIsAcknowledgedAndShrinksOnceForACut) {
  LineBudget line;
  const Instant start{std::chrono::hours(1)};
  line.Acked(1000, 1000, start, start + milliseconds(900));
  EXPECT_EQ(line.bytes(), LineBudget::kFirst);  // hardly used
  line.Acked(1000, LineBudget::kFirst / 2, start, start + milliseconds(900));
  EXPECT_EQ(line.bytes(), LineBudget::kFirst + 1000);
  LineBudget slow;
  slow.Acked(1000, 1000, start, start + seconds(4));
  EXPECT_EQ(slow.bytes(), LineBudget::kFirst / 2);
  slow.Acked(1000, 1000, start + seconds(1), start + seconds(6));  // left before the cut
  EXPECT_EQ(slow.bytes(), LineBudget::kFirst / 2);
  for (int i = 2; i < 10; ++i) {
    slow.Acked(1000, 1000, start + seconds(10 * i), start + seconds(10 * i + 8));
  }
  EXPECT_EQ(slow.bytes(), LineBudget::kLeast);
  EXPECT_EQ(slow.Patience(0), Duration(kAckTimeout));
  EXPECT_GT(slow.Patience(250'000), Duration(seconds(60)));
  EXPECT_LE(slow.Patience(SIZE_MAX / 2), Duration(LineBudget::kMostPatience));
}

// A line through satellites or a gateway that stores: as many round trips as an exchange needs.
TEST_F(SenderTest, ALongRoundTripEndsNoConnection) {
  for (const int trip : {1, 5, 9, 11, 15, 20, 40, 70}) {
    Make(50);
    const Duration round_trip = seconds(trip);
    now_ = std::max(now_, sender_->NextDeadline(now_));
    sender_->Next(now_);
    sender_->OnConnected(100, now_);
    now_ += round_trip;
    sender_->OnSubscribed(now_);
    EXPECT_GE(sender_->keep_alive(), round_trip + seconds(trip)) << trip;
    now_ += seconds(3);
    Confirm(0, true);
    std::deque<std::pair<Instant, uint64_t>> acks;
    uint64_t token = 1;
    for (const Instant until = now_ + 6 * round_trip; now_ < until; now_ += milliseconds(500)) {
      for (; !acks.empty() && acks.front().first <= now_; acks.pop_front()) {
        sender_->OnAcked(acks.front().second, now_);
        Confirm(sender_->acked_through());
      }
      while (auto action = sender_->Next(now_)) {
        ASSERT_FALSE(std::holds_alternative<act::Disconnect>(*action)) << trip;
        const auto* send = std::get_if<act::Send>(&*action);
        if (send == nullptr) continue;
        sender_->OnSent(token, {send->first, false, send->last}, 500, now_);
        acks.emplace_back(now_ + round_trip, token++);
      }
    }
    EXPECT_TRUE(sender_->online()) << trip;
  }
}

// The file may have been put back, or repaired without a new stream.
TEST_F(SenderTest, AJournalThatCannotBeReadIsReadAgain) {
  Make(5);
  GoOnline();
  sender_->OnUnreadable("number 1 is missing", now_);
  Settle();
  EXPECT_EQ(Run().find("send"), std::string::npos);
  now_ += kReadAgain - kSettle;
  EXPECT_LE(sender_->NextDeadline(now_ - milliseconds(1)), now_);
  EXPECT_NE(Run().find("send 1-5"), std::string::npos);
}

TEST_F(SenderTest, ARoundTripDoesNotMakeADeadLineLive) {
  Make(50);
  now_ = std::max(now_, sender_->NextDeadline(now_));
  sender_->Next(now_);
  sender_->OnConnected(100, now_);
  now_ += std::chrono::hours(3);  // the longest that anything is believed of is kConnectTimeout
  sender_->OnSubscribed(now_);
  sender_->OnSent(1, {1}, 500, now_);
  now_ += LineBudget::kPatientTrips * kConnectTimeout;
  bool ended = false;
  while (auto action = sender_->Next(now_)) {
    ended = ended || std::holds_alternative<act::Disconnect>(*action);
  }
  EXPECT_TRUE(ended);
}

TEST_F(SenderTest, AConnectionThatEndedUnderALargeEventGetsALongerKeepAlive) {
  Make(1);
  GoOnline();
  EXPECT_EQ(sender_->keep_alive(), kKeepAlive);
  sender_->OnSent(900, {1}, 250'000, now_);
  sender_->OnLost({LinkCause::kLost, "gone"}, now_ + seconds(22));
  EXPECT_GE(sender_->keep_alive(), seconds(60));
  EXPECT_LE(sender_->keep_alive(), kMaxKeepAlive);
}

TEST_F(SenderOptionsTest, ABatchCountsAllOfItsEvents) {
  SenderOptions options;
  options.max_events_per_s = 200;
  options.events_per_message = 100;
  MakeWith(options, {kStream, 3000, 0, 1, 0});
  GoOnline();
  Settle();
  const auto batch = [this] {
    const auto action = sender_->Next(now_);
    if (!action) return uint64_t{0};
    const auto* send = std::get_if<act::Send>(&*action);
    if (send == nullptr) return uint64_t{0};
    sender_->OnSent(next_token_, {send->first, false, send->last}, 1000, now_);
    sender_->OnAcked(next_token_++, now_);
    return send->last - send->first + 1;
  };
  uint64_t sent = 0;
  for (uint64_t more = batch(); more > 0; more = batch()) sent += more;
  EXPECT_EQ(sent, 200u);
  for (int i = 0; i < 100; ++i) {
    now_ += milliseconds(100);
    for (uint64_t more = batch(); more > 0; more = batch()) sent += more;
  }
  EXPECT_LE(sent, 2200u);
  EXPECT_GE(sent, 2100u);
}

TEST_F(SenderOptionsTest, WithoutReasonCodesAnAcknowledgementCountsOnlyWhereThatWasChosen) {
  for (const bool fell_back : {true, false}) {
    SenderOptions options;
    options.by_broker = true;
    MakeWith(options, {kStream, 10, 0, 1, 4});
    now_ = std::max(now_, sender_->NextDeadline(now_));
    ASSERT_EQ(Run(), "connect");
    sender_->OnConnected(100, now_, false, fell_back);
    Run();
    sender_->OnSubscribed(now_);
    Run();
    Settle();
    EXPECT_EQ(Run(), "send 5-10");
    AckAll();
    EXPECT_EQ(sender_->settled_through(), fell_back ? 4u : 10u);
  }
}

}  // namespace
}  // namespace tillrelay::uplink
