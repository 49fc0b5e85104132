// Claims about what is gone, too large, or deleted by age: declared, owed, filled, never doubled.
#include "tests/unit/collector/collector_fixture.h"

namespace tillrelay::collector {
namespace {

class LossTest : public CollectorTest {
 protected:
  std::vector<Sent> Sales(int count) {
    std::vector<Sent> sales;
    for (int i = 0; i < count; ++i) sales.push_back(source_.Sale("apple", "1", minute_++));
    return sales;
  }
  // A live status of the current session that declares `from`..`through` lost.
  void Declare(uint64_t from, uint64_t through, const std::string& chain = "",
               bool retained = false, const std::string& reason = "damaged") {
    const std::string lost = R"([{"stream":")" + source_.stream() + R"(","from":)" +
                             std::to_string(from) + R"(,"through":)" + std::to_string(through) +
                             R"(,"chain":")" + chain + R"(","reason":")" + reason + R"("}])";
    mqtt::LinkEvent message;
    message.what = mqtt::LinkEventType::kMessage;
    message.topic = "tillrelay/v1/0042/status";
    message.retained = retained;
    message.payload = R"({"v":1,"state":"online","store_id":"0042","session":")" +
                      std::string(kSession) + R"(","streams":[],"lost":)" + lost + "}";
    std::vector<mqtt::LinkEvent> messages;
    messages.push_back(std::move(message));
    collector_->Handle(std::move(messages));
    Turn();
  }
  // All of `sales` but `from`..`through` has come, and those were declared lost.
  void LoseOf(const std::vector<Sent>& sales, uint64_t from, uint64_t through) {
    Deliver({sales.begin(), sales.begin() + static_cast<ptrdiff_t>(from) - 1});
    Declare(from, through, ToHex(BytesOf(sales[through - 1].chain)));
    Deliver({sales.begin() + static_cast<ptrdiff_t>(through), sales.end()});
    Requests();
  }
  std::string Losses() {
    return Query("SELECT first || '-' || last || ' ' || filled FROM loss ORDER BY first");
  }
  // `sale` as an agent sends it whose broker takes no such large message.
  static Sent Parked(Sent sale) {
    const std::string type = "org.tillrelay.sale.v1";
    sale.payload.replace(sale.payload.find(type), type.size(), "org.tillrelay.parked.v1");
    const size_t data = sale.payload.find(",\"data\":");
    sale.payload = sale.payload.substr(0, data) + R"(,"datahash":")" +
                   ToHex(BytesOf(Sha256(sale.data))) +
                   R"(","data":{"kind":"sale","bytes":300000,"reason":"packet-size"}})";
    return sale;
  }
  std::string LastOwed() {
    for (auto it = link_->published.rbegin(); it != link_->published.rend(); ++it) {
      if (!it->topic.ends_with("/confirm")) continue;
      const size_t at = it->payload.find("\"owed\":");
      return it->payload.substr(at + 7, it->payload.find("]}", at) - at - 6);
    }
    return "none";
  }
  EventSource source_;
  int minute_ = 0;
};

TEST_F(LossTest, ADeclaredLossIsJumpedAndTheRestCounts) {
  const auto sales = Sales(6);
  Deliver({sales[0], sales[4], sales[5]});
  Declare(2, 4, ToHex(BytesOf(sales[3].chain)));
  EXPECT_EQ(Through(), "0042|6");
  EXPECT_EQ(OnHand(), "0042|apple|-3");
  EXPECT_EQ(Losses(), "2-4 0");
  Advance(seconds(1));
  EXPECT_EQ(Confirmations().back(), "0042:6");
}

TEST_F(LossTest, AfterALossWithoutChainTheNextEventIsTakenAsGiven) {
  const auto sales = Sales(5);
  Deliver({sales[0]});
  Declare(2, 3);
  EXPECT_EQ(Through(), "0042|3");
  Deliver({sales[3], sales[4]});
  EXPECT_EQ(Through(), "0042|5");
  EXPECT_EQ(Count("diverged"), 0);
}

TEST_F(LossTest, IslandsInsideALossCountByTheirId) {
  const auto sales = Sales(5);
  Deliver({sales[0], sales[2]});
  Declare(2, 4, ToHex(BytesOf(sales[3].chain)));
  EXPECT_EQ(OnHand(), "0042|apple|-2");
  EXPECT_EQ(Losses(), "2-4 1");
  Deliver({sales[4]});
  EXPECT_EQ(Through(), "0042|5");
  Deliver({sales[2]});
  EXPECT_EQ(OnHand(), "0042|apple|-3");
}

TEST_F(LossTest, ALossBehindAHoleIsNotedAtOnceAndJumpedWhenTheHoleIsClosed) {
  const auto sales = Sales(6);
  Deliver({sales[0], sales[5]});
  Declare(4, 5, ToHex(BytesOf(sales[4].chain)));
  EXPECT_EQ(Through(), "0042|1");
  EXPECT_EQ(Losses(), "4-5 0");
  Advance(seconds(3));
  EXPECT_EQ(Gaps(), "2-3") << "what is declared lost is not missing";
  Restart();
  Deliver({sales[1], sales[2]});
  EXPECT_EQ(Through(), "0042|6");
  EXPECT_EQ(OnHand(), "0042|apple|-4");
}

TEST_F(LossTest, WhereTheWatermarkIsLostTheLastEventBelowItIsNamed) {
  const auto sales = Sales(6);
  const auto stored = [this] {
    Advance(std::chrono::minutes(2));
    const std::string& text = link_->published.back().payload;
    const size_t at = text.find("\"stored_through\"");
    return at == std::string::npos ? "" : text.substr(at, text.find('}', at) - at);
  };
  const auto number = [&](uint64_t n) {
    return fmt::format(R"("stored_through":{},"stored_chain":"{}")", n,
                       ToHex(BytesOf(sales[n - 1].chain)));
  };
  Deliver({sales[0], sales[1]});
  EXPECT_EQ(stored(), "");
  Declare(3, 4);
  EXPECT_EQ(Through(), "0042|4");
  EXPECT_EQ(stored(), number(2));
  Declare(5, 5, ToHex(BytesOf(sales[4].chain)));
  EXPECT_EQ(stored(), number(2));
  Deliver({sales[2]});  // it was kept after all
  EXPECT_EQ(stored(), number(3));
  Restart();
  EXPECT_EQ(stored(), number(3));
  Deliver({sales[5]});
  EXPECT_EQ(stored(), "");
}

// What a salvage moved to another stream has no number here any more, whatever was lost behind it.
TEST_F(LossTest, WhatMovedBelowALossIsNotMissing) {
  const auto sales = Sales(2);
  Deliver(sales);
  Declare(9, 9);
  for (int minute = 0; minute < 3; ++minute) {
    DeliverStatus(source_, {.head = 2, .sent_through = 2, .confirmed_through = 2});
    Advance(std::chrono::minutes(1));
    EXPECT_EQ(Gaps(), "") << minute;
  }
  EXPECT_EQ(Losses(), "9-9 0");
}

// What the store knows that we had: nothing new to who has it, gone where we were set back as well.
TEST_F(LossTest, WhatWasDeliveredIsGoneOnlyWhereItIsNotHere) {
  const auto sales = Sales(4);
  Deliver(sales);
  Declare(2, 4, "", false, wire::Lost::kDelivered);
  EXPECT_EQ(Losses(), "");
  Declare(3, 7, "", false, wire::Lost::kDelivered);
  Declare(8, 9);
  EXPECT_EQ(Losses(), "5-7 0; 8-9 0");
  EXPECT_EQ(Through(), "0042|9");
  Advance(seconds(3));
  EXPECT_EQ(Gaps(), "");
}

TEST_F(LossTest, ALostBodyThatComesAfterAllCountsOnce) {
  const auto sales = Sales(4);
  Deliver({sales[0]});
  Declare(2, 3, ToHex(BytesOf(sales[2].chain)));
  Deliver({sales[3], sales[1], sales[1]});
  EXPECT_EQ(OnHand(), "0042|apple|-3");
  EXPECT_EQ(Losses(), "2-3 1");
  EXPECT_EQ(Count("diverged"), 0);
}

TEST_F(LossTest, WhatAStoreKeepsOfTheLostIsAskedForEveryFiveMinutesUntilItCame) {
  const auto sales = Sales(6);
  LoseOf(sales, 2, 5);
  const Told reported{.head = 6, .sent_through = 6, .confirmed_through = 6, .floor = 4};
  DeliverStatus(source_, reported);
  EXPECT_EQ(Requests(), std::vector<std::string>{"4-5"});
  Reply(source_, "done");
  Advance(seconds(60));
  DeliverStatus(source_, reported);
  EXPECT_TRUE(Requests().empty());
  Advance(seconds(240));
  DeliverStatus(source_, reported);
  EXPECT_EQ(Requests(), std::vector<std::string>{"4-5"});
  Deliver({sales[3], sales[4]});
  EXPECT_EQ(OnHand(), "0042|apple|-4");
  Deliver({sales[1], sales[2]});
  EXPECT_EQ(Losses(), "2-5 4");
  Advance(seconds(300));
  DeliverStatus(source_, reported);
  EXPECT_TRUE(Requests().empty());
}

TEST_F(LossTest, ALostNumberThatIsListedAsParkedIsAskedForThoughItLiesBelowTheFloor) {
  LoseOf(Sales(4), 2, 3);
  DeliverStatus(source_, {.head = 4,
                          .sent_through = 4,
                          .confirmed_through = 4,
                          .floor = 5,
                          .parked = R"([{"stream":")" + source_.stream() + R"(","sequence":3}])"});
  EXPECT_EQ(Requests(), std::vector<std::string>{"3-3"});
}

// Only then can a store tell, before it declares numbers lost, whether they are of our history.
TEST_F(LossTest, ARequestCarriesTheChainBelowWhatItAsksFor) {
  const auto sales = Sales(9);
  DeliverStatus(source_, {.head = 9, .sent_through = 1});
  Deliver({sales[1]});
  Advance(seconds(2));
  EXPECT_EQ(Requests(), std::vector<std::string>{"1-1"});
  EXPECT_EQ(last_chain_, sales[0].previous);
  Reply(source_, "done");
  Deliver({sales[0], sales[3]});  // 3 is missing above the watermark
  Advance(seconds(2));
  EXPECT_EQ(Requests(), std::vector<std::string>{"3-3"});
  EXPECT_EQ(last_chain_, sales[1].chain);
  Reply(source_, "done");
  Deliver({sales[5]});  // 5 is missing above an island
  Advance(seconds(2));
  EXPECT_EQ(Requests(), std::vector<std::string>{"3-3"});
  Reply(source_, "done");
  EXPECT_EQ(Requests(), std::vector<std::string>{"5-5"});
  EXPECT_EQ(last_chain_, sales[3].chain);
}

TEST_F(LossTest, ARetainedDeclarationIsNotBelieved) {
  Deliver({Sales(1)[0]});
  Declare(2, 3, "", true);
  EXPECT_EQ(Through(), "0042|1");
  EXPECT_EQ(Count("loss"), 0);
}

TEST_F(LossTest, ALossOfWhatIsHereChangesNothing) {
  Deliver(Sales(3));
  Declare(1, 2);
  EXPECT_EQ(Count("loss"), 0);
  EXPECT_EQ(OnHand(), "0042|apple|-3");
}

TEST_F(LossTest, AParkedEventIsPassedOwedAndFilledOnce) {
  const auto sales = Sales(3);
  Deliver({sales[0], Parked(sales[1]), sales[2]});
  EXPECT_EQ(Through(), "0042|3");
  EXPECT_EQ(OnHand(), "0042|apple|-2");
  EXPECT_EQ(LastOwed(), "[[2,2]]");
  EXPECT_EQ(Query("SELECT sequence || ' ' || kind || ' ' || bytes FROM owed"), "2 sale 300000");
  Advance(seconds(1));
  Deliver({sales[1]});
  EXPECT_EQ(OnHand(), "0042|apple|-3");
  EXPECT_EQ(LastOwed(), "[]");
  EXPECT_EQ(Count("owed"), 0);
  Deliver({sales[1], Parked(sales[1])});
  EXPECT_EQ(OnHand(), "0042|apple|-3");
  EXPECT_EQ(Query("SELECT kind FROM event WHERE sequence = 2"), "sale");
}

// As when a broker takes no large message: each second event is parked.
TEST_F(LossTest, AConfirmationStaysReadableHoweverManyBodiesAreOwed) {
  constexpr size_t kEvents = 2 * 5100;
  std::vector<Sent> sales;
  for (size_t i = 0; i < kEvents; ++i) sales.push_back(source_.Sale("apple", "1"));
  for (size_t i = 0; i < kEvents; i += 2) sales[i] = Parked(std::move(sales[i]));
  for (size_t i = 0; i < kEvents; i += 600) {
    Deliver({sales.begin() + static_cast<ptrdiff_t>(i),
             sales.begin() + static_cast<ptrdiff_t>(std::min(kEvents, i + 600))});
  }
  Advance(seconds(1));
  const auto last =
      std::find_if(link_->published.rbegin(), link_->published.rend(),
                   [](const auto& order) { return order.topic.ends_with("/confirm"); });
  ASSERT_NE(last, link_->published.rend());
  JsonParser parser;
  std::string payload = last->payload;
  const auto confirm = wire::ReadConfirm(parser.Parse(payload).value());
  ASSERT_TRUE(confirm.ok()) << confirm.status().message();
  const wire::StreamConfirm& stream = confirm->streams.at(0);
  EXPECT_EQ(stream.through, kEvents);
  EXPECT_EQ(stream.owed.size(), 500u);
  EXPECT_EQ(stream.owed.front().first, 1u);
  EXPECT_EQ(stream.owed.back().last, kEvents - 1) << "a body that is not listed may be deleted";
  EXPECT_LT(payload.size(), 64u * 1024);
}

TEST_F(LossTest, AParkedIslandIsOwedOnlyWhenTheWatermarkPassesIt) {
  const auto sales = Sales(3);
  Deliver({Parked(sales[1])});
  EXPECT_EQ(LastOwed(), "[]");
  Restart();
  Deliver({sales[0]});
  Advance(seconds(1));
  EXPECT_EQ(Through(), "0042|2");
  EXPECT_EQ(LastOwed(), "[[2,2]]");
}

TEST_F(LossTest, AParkedEventWithoutAHashOfItsBodyIsRefused) {
  const auto sales = Sales(2);
  Sent parked = Parked(sales[0]);
  parked.payload.replace(parked.payload.find("datahash"), 8, "somehash");
  Deliver({parked});
  EXPECT_EQ(Count("event"), 0);
  EXPECT_EQ(collector_->counters().malformed, 1u);
}

TEST_F(LossTest, AnOwedNumberThatIsDeclaredLostIsNoLongerOwed) {
  const auto sales = Sales(2);
  Deliver({Parked(sales[0]), sales[1]});
  Declare(1, 1);
  EXPECT_EQ(Count("owed"), 0);
  EXPECT_EQ(Losses(), "1-1 0");
  Advance(seconds(1));
  EXPECT_EQ(LastOwed(), "[]");
}

TEST_F(LossTest, AStatusWithAnotherPastIsToldToFork) {
  const auto sales = Sales(3);
  Deliver(sales);
  wire::StreamState reported;
  reported.stream = source_.stream();
  reported.head = 2;
  reported.sent_through = 2;
  reported.confirmed_through = 2;
  reported.confirmed_chain = sales[0].chain;
  const auto status = [&] {
    DeliverText("tillrelay/v1/0042/status", R"({"v":1,"state":"online","session":")" +
                                                std::string(kSession) + R"(","streams":)" +
                                                wire::WriteStreams({reported}) + "}");
  };
  status();
  const auto last = [&] { return link_->published.back(); };
  EXPECT_NE(last().payload.find(R"("command":"fork")"), std::string::npos);
  EXPECT_NE(last().payload.find(R"("after":2,"chain":")" + ToHex(BytesOf(sales[1].chain))),
            std::string::npos);
  link_->published.clear();
  status();
  for (const auto& message : link_->published) EXPECT_FALSE(message.topic.ends_with("/command"));
  reported.confirmed_chain = sales[1].chain;
  Advance(std::chrono::minutes(6));
  link_->published.clear();
  status();
  for (const auto& message : link_->published) EXPECT_FALSE(message.topic.ends_with("/command"));
}

TEST_F(LossTest, WhatLiesAboveAHeadThatFellIsPutAsideAfterAMinute) {
  const auto sales = Sales(5);
  Deliver({sales[0], sales[3], sales[4]});
  DeliverStatus(source_, {.head = 2, .sent_through = 2, .confirmed_through = 1});
  EXPECT_EQ(Count("diverged"), 0);
  Advance(seconds(61));
  DeliverStatus(source_, {.head = 2, .sent_through = 2, .confirmed_through = 1});
  EXPECT_EQ(Query("SELECT sequence FROM diverged ORDER BY sequence"), "4; 5");
  Advance(seconds(3));
  EXPECT_EQ(Gaps(), "2-2");
  Deliver({sales[1], sales[2]});
  EXPECT_EQ(Through(), "0042|3");
}

TEST_F(LossTest, AHoleInAStreamThatIsGoneIsLostAfterAnHour) {
  const auto sales = Sales(4);
  Deliver({sales[0], sales[2], sales[3]});
  EventSource younger("0042", "01JD3V7Q8Z5W6K2M9T4RHXCDEG");
  const auto status = [&] { DeliverStatus(younger, {.head = 0, .sent_through = 0}); };
  Advance(seconds(3));
  status();
  Advance(std::chrono::minutes(59));
  status();
  EXPECT_EQ(Count("loss"), 0);
  Advance(std::chrono::minutes(2));
  status();
  EXPECT_EQ(Query("SELECT first || '-' || last || ' ' || reason FROM loss"), "2-2 stream_gone");
  EXPECT_EQ(OnHand(), "0042|apple|-3");
  EXPECT_EQ(Query("SELECT confirmed_through FROM stream ORDER BY stream"), "4; 0");
}

TEST_F(LossTest, OldEventsGoInOrderAndWhatComesAgainHasBeenSeen) {
  Stop();
  config_.retention_days = 400;
  Start();
  auto sales = Sales(3);
  Deliver({sales[0], sales[1]});
  Advance(std::chrono::hours(24 * 401));
  // Recorded now: what was recorded when the others were may have been deleted with them.
  const std::string then = "2026-11-21T16:42:09.512Z";
  sales[2].payload.replace(sales[2].payload.find(then), then.size(), "2028-11-21T16:42:09.512Z");
  Deliver({sales[2]});
  Advance(seconds(60));
  EXPECT_EQ(Query("SELECT position FROM event"), "3");
  Deliver(sales);
  EXPECT_EQ(OnHand(), "0042|apple|-3");
  EXPECT_EQ(Count("diverged"), 0);
  EXPECT_EQ(RebuildLedger(store_->sql(), clock_.Wall()).status().code(), Code::kInvalid);
  EXPECT_EQ(OnHand(), "0042|apple|-3");
}

}  // namespace
}  // namespace tillrelay::collector
