// The sender's policy, told as a story of happenings and actions; hours pass in microseconds.
#include "tests/unit/agent/uplink/sender_fixture.h"

namespace tillrelay::uplink {
namespace {

TEST_F(SenderTest, WithoutABrokerNothingEverHappens) {
  SenderOptions options;
  options.has_broker = false;
  sender_ = std::make_unique<Sender>(options, JournalPosition{kStream, 5, 0, 1}, &random_);
  EXPECT_EQ(Run(), "");
  EXPECT_EQ(sender_->NextDeadline(now_), Instant::max());
}

TEST_F(SenderTest, WaitsForTheRetainedConfirmationAndSendsBehindIt) {
  Make(10, 2);
  GoOnline();
  EXPECT_EQ(Run(), "");
  Confirm(7, true);
  EXPECT_EQ(Run(), "save 7 send 8-10");
}

TEST_F(SenderTest, WithoutARetainedOneItSendsFromItsOwnWatermark) {
  Make(10, 2);
  GoOnline();
  Settle();
  EXPECT_EQ(Run(), "send 3-10");
}

TEST_F(SenderTest, NeverMoreInFlightThanTheBrokerAllows) {
  Make(100);
  GoOnline(20);
  Settle();
  EXPECT_EQ(Run(), "send 1-19");
  EXPECT_EQ(Stats().in_flight, 19u);
  sender_->OnAcked(flying_.front(), now_);
  EXPECT_EQ(Run(), "send 20-20");
}

TEST_F(SenderTest, AcknowledgementsFreeTheWindowAndNothingElse) {
  Make(5);
  GoOnline();
  Settle();
  Run();
  AckAll();
  EXPECT_EQ(Run(), "");
  EXPECT_EQ(Stats().acked_through, 5u);
  EXPECT_EQ(sender_->confirmed_through(), 0u);
}

TEST_F(SenderTest, LateAcknowledgementOfAnOldConnectionChangesNothing) {
  Make(5);
  GoOnline();
  Settle();
  Run();
  const auto old = std::exchange(flying_, {});
  sender_->OnLost({LinkCause::kLost, "gone"}, now_);
  GoOnline();
  Settle();
  EXPECT_EQ(Run(), "send 1-5");
  for (const uint64_t token : old) sender_->OnAcked(token, now_);
  EXPECT_EQ(Stats().in_flight, 5u);
}

TEST_F(SenderTest, AfterALostLinkEverythingUnconfirmedIsSentAgain) {
  Make(10);
  GoOnline();
  Settle();
  Run();
  AckAll();
  Confirm(4);
  EXPECT_EQ(Run(), "save 4 may-delete status");
  sender_->OnLost({LinkCause::kLost, "gone"}, now_);
  EXPECT_EQ(sender_->sent_through(), 4u);
  GoOnline();
  Settle();
  EXPECT_EQ(Run(), "send 5-10");
}

TEST_F(SenderTest, OldRetainedConfirmationIsNoRewind) {
  Make(10, 8);
  GoOnline();
  Confirm(3, true);
  Settle();
  EXPECT_EQ(Run(), "send 9-10");
  EXPECT_EQ(sender_->confirmed_through(), 8u);
}

TEST_F(SenderTest, LowerLiveWordIsBelievedOnlyAfterItsGrace) {
  Make(10, 8);
  GoOnline();
  Settle();
  EXPECT_EQ(Run(), "send 9-10");
  Confirm(3);
  EXPECT_EQ(Run(), "keep");
  now_ += kLowerGrace - std::chrono::seconds(1);
  EXPECT_EQ(sender_->confirmed_through(), 8u);
  AckAll();
  now_ += std::chrono::seconds(1);
  EXPECT_EQ(Run(), "save 3 status send 4-10");
}

TEST_F(SenderTest, HigherWordWithinTheGraceCancelsTheRewind) {
  Make(10, 8);
  GoOnline();
  Settle();
  Run();
  AckAll();
  Confirm(3);
  Confirm(8);
  now_ += kLowerGrace;
  EXPECT_EQ(Run().find("save"), std::string::npos);
  EXPECT_EQ(sender_->confirmed_through(), 8u);
}

TEST_F(SenderTest, ConfirmationBelowTheFloorIsIgnored) {
  Make(1000, 800, 600);
  GoOnline();
  Settle();
  Run();
  Confirm(500, false, ChainVerdict::kNotKept);
  Confirm(300);
  now_ += kLowerGrace;
  EXPECT_EQ(sender_->confirmed_through(), 800u);
}

TEST_F(SenderTest, AnotherPastToldOnceIsAnOldMessageTwiceIsANewStream) {
  Make(10, 2);
  GoOnline();
  Settle();
  Run();
  AckAll();
  Confirm(5, false, ChainVerdict::kOther);
  EXPECT_EQ(Run(), "keep");
  Confirm(5, false, ChainVerdict::kOther);
  EXPECT_EQ(Run(), "keep fork 2");
  sender_->OnHead(20, 1);
  EXPECT_EQ(Run().find("send"), std::string::npos);  // until the journal has carried it out
  sender_->OnStream({kSession, 19, 0, 1, 0}, now_);
  EXPECT_EQ(Run(), "status send 1-19");
  EXPECT_EQ(Stats().forks_total, 1u);
}

TEST_F(SenderTest, RetainedAndLiveDisagreementTogetherAreANewStream) {
  Make(10, 2);
  GoOnline();
  Confirm(50, true, ChainVerdict::kBeyondHead);
  EXPECT_EQ(Run(), "keep");
  Confirm(50, false, ChainVerdict::kBeyondHead);
  EXPECT_EQ(Run(),
            "keep lost 11-50:delivered:not-compared lost 51-50:in_doubt:not-compared:open fork 2")
      << "an older copy: nobody knows what it gave behind what the centre has";
}

TEST_F(SenderTest, TwoOldMessagesAreNoNewStream) {
  Make(10, 2);
  GoOnline();
  Confirm(50, true, ChainVerdict::kBeyondHead);
  Confirm(50, true, ChainVerdict::kBeyondHead);
  EXPECT_EQ(Run(), "keep keep");
}

TEST_F(SenderTest, ASecondCauseWithinTheHourWaitsAndSendingWithIt) {
  Make(10, 2);
  GoOnline();
  Settle();
  Run();
  for (int i = 0; i < 2; ++i) Confirm(5, false, ChainVerdict::kOther);
  Run();
  sender_->OnStream({kSession, 9, 0, 1, 0}, now_);
  Run();
  AckAll();
  for (int i = 0; i < 2; ++i) {
    sender_->OnConfirm({kSession, 5, {}, {}}, ChainVerdict::kOther, false, now_);
  }
  EXPECT_EQ(Run().find("fork"), std::string::npos);
  EXPECT_FALSE(Stats().alarm.empty());
  EXPECT_EQ(Stats().phase, LinkPhase::kStopped);
  now_ += kForkEvery;
  sender_->OnCentreHeard(false, now_);
  EXPECT_NE(Run().find("fork 0"), std::string::npos);
}

TEST_F(SenderTest, AForkThatTheJournalCannotCarryOutIsTriedAgainWhenTheCentreInsists) {
  Make(10, 2);
  GoOnline();
  Settle();
  Run();
  AckAll();
  for (int i = 0; i < 2; ++i) Confirm(5, false, ChainVerdict::kOther);
  Run();
  now_ += kForkPatience;
  sender_->OnCentreHeard(false, now_);
  Run();
  AckAll();
  Confirm(5, false, ChainVerdict::kOther);
  EXPECT_NE(Run().find("fork 2"), std::string::npos);
}

TEST_F(SenderTest, AProofBelowTheConfirmationMovesEverythingAndNamesWhatIsGone) {
  Make(600, 500, 257);
  GoOnline();
  Settle();
  Run();
  AckAll();
  wire::Command command = ReplayCommand(400, 400);
  command.command = "fork";
  sender_->OnCommand(command, ChainVerdict::kOther, false, now_);
  EXPECT_EQ(Run(), "lost 1-256:in_doubt:not-compared fork 0 done");
}

TEST_F(SenderTest, ACommandWithoutAProofForksNothing) {
  Make(600, 500, 257);
  GoOnline();
  Settle();
  Run();
  AckAll();
  wire::Command command = ReplayCommand(400, 400);
  command.command = "fork";
  sender_->OnCommand(command, ChainVerdict::kEqual, false, now_);
  EXPECT_EQ(Run(), "refused:no-contradiction");
  command.command_id = kSession;
  sender_->OnCommand(command, ChainVerdict::kNotKept, false, now_);
  EXPECT_EQ(Run(), "refused:not-kept");
}

TEST_F(SenderTest, AReplayBelowTheFloorDeclaresWhatIsGoneAndSendsTheRest) {
  Make(100, 90, 11);
  GoOnline();
  Settle();
  Run();
  AckAll();
  wire::Command command = ReplayCommand(5, 20);
  command.chain.emplace();
  sender_->OnCommand(command, ChainVerdict::kEqual, false, now_);
  EXPECT_EQ(Run(), "lost 5-10:not_kept accepted replay 11-20");
  AckAll();
  EXPECT_EQ(Run(), "done");
}

TEST_F(SenderTest, AReplayWhollyBelowTheFloorReachesUpToIt) {
  Make(100, 90, 51);
  GoOnline();
  Settle();
  Run();
  AckAll();
  sender_->OnCommand(ReplayCommand(5, 20), ChainVerdict::kNotKept, false, now_);
  EXPECT_EQ(Run(), "lost 5-50:not_kept:not-compared done");
}

TEST_F(SenderTest, ABodyThatIsOwedIsSentFromBelowTheFloor) {
  Make(100, 90, 51);
  GoOnline();
  Settle();
  Run();
  AckAll();
  sender_->OnPlaces({{kStream, 100, 51, 100, true, {7}}});
  sender_->OnCommand(ReplayCommand(7, 7), ChainVerdict::kNotKept, false, now_);
  EXPECT_EQ(Run(), "accepted replay 7-7");
}

TEST_F(SenderTest, AnOlderStreamIsReplayedOnlyUpToItsEnd) {
  Make(100, 90);
  GoOnline();
  Settle();
  Run();
  AckAll();
  sender_->OnPlaces({{kSession, 10, 1, 10, false, {}}, {kStream, 100, 1, 100, true, {}}});
  wire::Command command = ReplayCommand(8, 30);
  command.stream = kSession;
  sender_->OnCommand(command, false, now_);
  EXPECT_EQ(Run(), "accepted replay 8-10");
  AckAll();
  Run();
  command.command_id = kSession;
  command.range = {11, 30};
  sender_->OnCommand(command, false, now_);
  EXPECT_EQ(Run(), "refused:unknown") << "moved, or declared already";
}

TEST_F(SenderTest, AnEventThatTheBrokerRefusesIsParkedAndNothingWaits) {
  Make(5);
  GoOnline();
  Settle();
  EXPECT_EQ(Run(), "send 1-5");
  EXPECT_FALSE(sender_->OnRefused(flying_[1], 0x95, now_));
  EXPECT_EQ(Run(), "park 2-2");
  sender_->OnAcked(flying_[0], now_);
  sender_->OnAcked(flying_[5], now_);
  EXPECT_EQ(Stats().acked_through, 2u);
  EXPECT_EQ(Stats().parked_total, 1u);
  EXPECT_TRUE(sender_->OnRefused(flying_[2], 0x97, now_));  // not about the event: back off
}

TEST_F(SenderTest, ABrokerThatRefusesEvenTheParkedFormIsLeft) {
  Make(1);
  GoOnline();
  Settle();
  Run();
  EXPECT_FALSE(sender_->OnRefused(flying_[0], 0x99, now_));
  Run();
  EXPECT_TRUE(sender_->OnRefused(flying_[1], 0x99, now_));
}

TEST_F(SenderTest, OneEventOfABatchIsParkedAfterEachWasTriedAlone) {
  Make(3);
  GoOnline();
  Settle();
  Run();
  sender_->OnSent(900, {1, false, 3}, 3000, now_);
  EXPECT_FALSE(sender_->OnRefused(900, 0x95, now_));
  EXPECT_EQ(Run(), "send 1-1 send 2-2 send 3-3");
}

TEST_F(SenderOptionsTest, WithTheBrokersWordAcknowledgementsAreWrittenDownAndCount) {
  SenderOptions options;
  options.by_broker = true;
  MakeWith(options, {kStream, 10, 0, 1, 4});
  GoOnline();
  Settle();
  EXPECT_EQ(Run(), "send 5-10");
  AckAll();
  EXPECT_EQ(Run(), "save-acked 10 status");
  sender_->OnLost({LinkCause::kLost, "gone"}, now_);
  EXPECT_EQ(sender_->sent_through(), 10u);
  Confirm(3);  // nobody's word but the broker's
  EXPECT_EQ(sender_->settled_through(), 10u);
}

TEST_F(SenderOptionsTest, WithTheBrokersWordNoCentreIsMissed) {
  SenderOptions options;
  options.by_broker = true;
  MakeWith(options, {kStream, 20'000, 0, 1, 0});
  GoOnline();
  Settle();
  Run();
  for (int i = 0; i < 300; ++i) {
    AckAll();
    now_ += seconds(10);
    EXPECT_EQ(Run().find("disconnect"), std::string::npos);
  }
  EXPECT_EQ(sender_->sent_through(), 20'000u);
}

TEST_F(SenderOptionsTest, EventsPerSecondAreCapped) {
  SenderOptions options;
  options.max_events_per_s = 10;
  MakeWith(options, {kStream, 1000, 0, 1, 0});
  GoOnline();
  Settle();
  EXPECT_EQ(Run(), "send 1-10");
  for (int i = 0; i < 100; ++i) {
    AckAll();
    now_ += milliseconds(100);
    Run();
  }
  EXPECT_LE(sender_->sent_through(), 110u);
  EXPECT_GE(sender_->sent_through(), 100u);
}

TEST_F(SenderOptionsTest, ACappedSenderSaysWhenItGoesOn) {
  SenderOptions options;
  options.max_bytes_per_s = 2000;  // two events of the test
  MakeWith(options, {kStream, 1000, 0, 1, 0});
  GoOnline();
  Settle();
  Run();
  AckAll();
  const uint64_t before = sender_->sent_through();
  for (int i = 0; i < 50 && sender_->sent_through() == before; ++i) {
    now_ = std::max(now_, sender_->NextDeadline(now_));
    Run();
    AckAll();
  }
  EXPECT_GT(sender_->sent_through(), before);
}

TEST_F(SenderOptionsTest, AfterAnOutageTheStoreComesBackAtItsOwnMoment) {
  SenderOptions options;
  options.first_retry = seconds(7);
  MakeWith(options, {kStream, 1, 0, 1, 0});
  GoOnline();
  now_ += kStableAfter;
  sender_->OnLost({LinkCause::kLost, "gone"}, now_);
  EXPECT_GE(sender_->NextDeadline(now_) - now_, Duration(seconds(7)));
}

TEST_F(SenderTest, AReplayCountsEventsHoweverManyAMessageHolds) {
  Make(10, 10);
  GoOnline();
  Settle();
  ReplayOrder order;
  order.first = 1;
  order.last = 5;
  ASSERT_TRUE(sender_->StartReplay(order, kCommandId).ok());
  sender_->OnSent(next_token_++, {.sequence = 1, .replay = true, .last = 5}, 1000, now_);
  EXPECT_EQ(Stats().replays.back().sent, 5u);
  EXPECT_EQ(Stats().replayed_total, 5u);
}

TEST_F(SenderTest, APersonsReplayRunsOneAtATimeAndShowsItsProgress) {
  Make(300, 300);
  GoOnline();
  Settle();
  ReplayOrder order;
  order.first = 1;
  order.last = 250;
  ASSERT_TRUE(sender_->StartReplay(order, kCommandId).ok());
  EXPECT_EQ(sender_->StartReplay(order, kSession).code(), Code::kConflict);
  EXPECT_EQ(Stats().replays.back().state, "running");
  while (Stats().replays.back().state == "running") {
    Run();
    AckAll();
    now_ += milliseconds(1);
  }
  EXPECT_EQ(Stats().replays.back().state, "done");
  EXPECT_EQ(Stats().replays.back().sent, 250u);
  EXPECT_EQ(Stats().replays.back().of, 250u);
  EXPECT_EQ(sender_->confirmed_through(), 300u);
}

TEST_F(SenderTest, AgreementBetweenForgivesADisagreement) {
  Make(10, 2);
  GoOnline();
  Settle();
  Confirm(5, false, ChainVerdict::kOther);
  Confirm(4);
  Confirm(5, false, ChainVerdict::kOther);
  EXPECT_TRUE(Stats().alarm.empty());
}

TEST_F(SenderTest, BrokerThatNeverAcknowledgesGetsANewConnection) {
  Make(5);
  GoOnline();
  Settle();
  Run();
  now_ += kAckTimeout;
  EXPECT_EQ(Run(), "disconnect");
  EXPECT_EQ(Stats().cause, LinkCause::kSilent);
}

TEST_F(SenderTest, UnconfirmedEventIsSentAgainAndTheRestFollowsWhenItArrives) {
  Make(5);
  GoOnline();
  Settle();
  Run();
  AckAll();
  now_ += kProbeAfter;
  sender_->OnCentreHeard(false, now_);
  EXPECT_EQ(Run(), "send 1-1");
  AckAll();
  Confirm(1);
  EXPECT_EQ(Run(), "save 1 may-delete status send 2-5");
}

TEST_F(SenderTest, WithoutProgressNewConnectionsComeAtGrowingDistance) {
  Make(5);
  GoOnline();
  Settle();
  Run();
  AckAll();
  const auto alive_for = [&](std::chrono::seconds time) {
    for (auto left = time; left.count() > 0; left -= std::chrono::seconds(10)) {
      now_ += std::chrono::seconds(10);
      sender_->OnCentreHeard(false, now_);
      if (Run().find("disconnect") != std::string::npos) return true;
      AckAll();
    }
    return false;
  };
  EXPECT_TRUE(alive_for(std::chrono::seconds(130)));
  GoOnline();
  Settle();
  Run();
  AckAll();
  EXPECT_FALSE(alive_for(std::chrono::seconds(200)));
  EXPECT_TRUE(alive_for(std::chrono::seconds(60)));
}

TEST_F(SenderTest, CentreAwayLimitsWhatLiesBeyondTheConfirmation) {
  Make(50'000);
  GoOnline();
  Settle();
  std::string reported = Run();
  now_ += kAwayAfter;
  for (int i = 0; i < 2000; ++i) {
    AckAll();
    Run();
  }
  EXPECT_TRUE(Stats().centre_away);
  EXPECT_EQ(sender_->sent_through(), kAwayMaxEvents);
  Confirm(kAwayMaxEvents);
  AckAll();
  EXPECT_NE(Run().find("send 10001-"), std::string::npos);
}

TEST_F(SenderTest, ACentreThatIsAwayForADayCausesNoStorm) {
  Make(100'000);
  uint64_t events = 0, connects = 0, statuses = 0;
  const auto play = [&] {
    for (auto action = sender_->Next(now_); action; action = sender_->Next(now_)) {
      const std::string reported = Tell(*action);
      if (reported == "connect") {
        ++connects;
        sender_->OnConnected(65535, now_);
      } else if (reported == "subscribe") {
        sender_->OnSubscribed(now_);
      } else if (reported == "status") {
        ++statuses;
      } else if (const auto* send = std::get_if<act::Send>(&*action)) {
        events += send->last - send->first + 1;
      }
    }
  };
  for (int second = 0; second < 24 * 3600; ++second) {
    now_ += std::chrono::seconds(1);
    play();
    AckAll();
    if (second % 7200 == 3599) sender_->OnLost({LinkCause::kLost, "the line"}, now_);
  }
  EXPECT_LE(connects, 14u);  // the first, a fresh one before the centre counts as away, and 12
  EXPECT_LE(events, 14 * (kAwayMaxEvents + 10));
  EXPECT_LE(statuses, 24u * 60 + 2 * 14);
  EXPECT_TRUE(Stats().centre_away);
  Confirm(kAwayMaxEvents);
  for (int turn = 0; turn < 10'000; ++turn) {
    play();
    AckAll();
  }
  EXPECT_EQ(sender_->sent_through(), 100'000u);
}

TEST_F(SenderTest, ReplayIsAcceptedClampedAndDone) {
  Make(100, 50, 11);
  GoOnline();
  Settle();
  Run();
  AckAll();
  sender_->OnCommand(ReplayCommand(1, 500), false, now_);
  EXPECT_EQ(Run(), "lost 1-10:not_kept:not-compared accepted replay 11-60 replay 61-100");
  EXPECT_EQ(sender_->confirmed_through(), 50u);
  AckAll();
  EXPECT_EQ(Run(), "done");
}

TEST_F(SenderTest, CommandsThatAreNotOursAreRefused) {
  Make(100, 50);
  GoOnline();
  auto foreign = ReplayCommand(1, 5);
  foreign.session = kCommandId;
  sender_->OnCommand(foreign, false, now_);
  EXPECT_EQ(Run(), "refused:foreign-session");
  sender_->OnCommand(ReplayCommand(1, 5), true, now_);
  EXPECT_EQ(Run(), "");  // retained: counted, not even answered
  sender_->OnCommand(ReplayCommand(90, 95), false, now_);
  EXPECT_EQ(Run(), "refused:pending");
  auto unknown = ReplayCommand(1, 5);
  unknown.stream = kSession;
  sender_->OnCommand(unknown, false, now_);
  EXPECT_EQ(Run(), "refused:unknown");
  EXPECT_EQ(Stats().refused_commands_total, 4u);
}

TEST_F(SenderTest, RepeatedCommandIsRefused) {
  Make(100, 50);
  GoOnline();
  Settle();
  Run();
  AckAll();
  sender_->OnCommand(ReplayCommand(1, 1), false, now_);
  Run();
  AckAll();
  Run();
  AckAll();
  sender_->OnCommand(ReplayCommand(1, 1), false, now_);
  EXPECT_EQ(Run(), "refused:repeated");
}

TEST_F(SenderTest, LiveEventsKeepHalfOfTheWindowDuringAReplay) {
  Make(10'000, 5'000);
  GoOnline(41);  // window of 40
  Settle();
  Run();
  AckAll();
  sender_->OnCommand(ReplayCommand(1, 4'000), false, now_);
  const std::string reported = Run();
  EXPECT_NE(reported.find("replay 1-20"), std::string::npos) << reported;
  EXPECT_NE(reported.find("send "), std::string::npos) << reported;
  EXPECT_EQ(reported.find("replay 21"), std::string::npos) << reported;
}

TEST_F(SenderTest, StatusGoesOutAtMostOnceASecondAndAsHeartbeat) {
  Make(1, 1);
  GoOnline();
  Settle();
  EXPECT_EQ(Run(), "");
  sender_->OnHead(2, 1);
  EXPECT_EQ(Run(), "status send 2-2");
  sender_->OnHead(3, 1);
  EXPECT_EQ(Run(), "send 3-3");
  now_ += kStatusMinGap;
  EXPECT_EQ(Run(), "status");
  AckAll();
  Confirm(3);
  now_ += kStatusMinGap;
  EXPECT_EQ(Run(), "save 3 may-delete status");
  AckAll();
  now_ += kStatusHeartbeat;
  EXPECT_EQ(Run(), "status");
}

TEST_F(SenderTest, PauseStopsEventsButKeepsTheStatus) {
  Make(10);
  GoOnline();
  Settle();
  sender_->Pause(now_);
  now_ += kStatusMinGap;
  EXPECT_EQ(Run(), "status");
  AckAll();
  sender_->Resume(now_);
  now_ += kStatusMinGap;
  EXPECT_EQ(Run(), "status send 1-10");
}

TEST_F(SenderTest, TakeOverBacksOffForMinutes) {
  Make(1);
  GoOnline();
  sender_->OnTakenOver({LinkCause::kTakeOver, "another client"}, true, now_);
  EXPECT_GE(sender_->NextDeadline(now_) - now_, Duration(kTakeOverMin));
}

TEST_F(SenderTest, AttemptThatNeitherConnectsNorFailsIsGivenUp) {
  Make(1);
  ASSERT_EQ(Run(), "connect");
  now_ += kConnectTimeout;
  EXPECT_EQ(Run(), "disconnect");
}

// Whatever is tried meanwhile, an outage began when delivery ended.
TEST_F(SenderTest, AnOutageIsAsOldAsItsBeginningHoweverOftenItIsTried) {
  Make(10);
  GoOnline();
  Settle();
  Run();
  const Instant lost_at = now_;
  sender_->OnLost({LinkCause::kLost, "gone"}, now_);
  const auto age = [&] {
    return std::chrono::duration_cast<std::chrono::microseconds>(WallTime{} - Stats().state_since);
  };
  for (int i = 0; i < 30; ++i) {
    now_ = std::max(now_, sender_->NextDeadline(now_));
    if (Run().find("connect") != 0) continue;
    if (i % 3 == 0) {  // it comes, and goes before anything could be sent
      sender_->OnConnected(100, now_);
      Run();
      sender_->OnSubscribed(now_);
      sender_->OnLost({LinkCause::kLost, "gone again"}, now_);
    } else {
      sender_->OnConnectFailed({LinkCause::kTcp, "no"}, now_);
    }
    EXPECT_EQ(age(), std::chrono::duration_cast<std::chrono::microseconds>(now_ - lost_at));
  }
  now_ = std::max(now_, sender_->NextDeadline(now_));
  GoOnline();
  EXPECT_LT(age(), std::chrono::minutes(1));
}

TEST_F(SenderTest, DeadlinesAreNeverInThePastForLong) {
  // Whatever happens, a pump that sleeps until NextDeadline must find something to do there.
  Make(10);
  GoOnline();
  for (int i = 0; i < 200; ++i) {
    const Instant next = sender_->NextDeadline(now_);
    ASSERT_LT(next, Instant::max());
    now_ = std::max(now_, next);
    const std::string reported = Run();
    ASSERT_FALSE(reported.empty() && next == sender_->NextDeadline(now_))
        << "would spin, round " << i;
    if (reported.find("connect") == 0) {
      sender_->OnConnectFailed({LinkCause::kTcp, "no"}, now_);
    }
    AckAll();
  }
}

}  // namespace
}  // namespace tillrelay::uplink
