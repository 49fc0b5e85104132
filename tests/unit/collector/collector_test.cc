// Claims about the collector as a whole: when it confirms, when it asks, and what it survives.
#include <sys/stat.h>

#include "tests/unit/collector/collector_fixture.h"

namespace tillrelay::collector {
namespace {

using Texts = std::vector<std::string>;

class ConfirmTest : public CollectorTest {
 protected:
  EventSource source_;
};

TEST_F(ConfirmTest, SubscribesToEventsStatusAndReplies) {
  EXPECT_EQ(link_->subscribed,
            (Texts{"tillrelay/v1/+/events", "tillrelay/v1/+/status", "tillrelay/v1/+/reply"}));
}

TEST_F(ConfirmTest, EachCommitIsConfirmedAtOnceAndCoalesced) {
  Deliver({source_.Sale("apple", "1", 0), source_.Sale("apple", "1", 1)});
  EXPECT_EQ(Confirmations(), Texts{"0042:2"});
  Deliver({source_.Sale("apple", "1", 2)});
  Deliver({source_.Sale("apple", "1", 3)});
  EXPECT_EQ(Confirmations(), Texts{});
  Advance(milliseconds(20));
  EXPECT_EQ(Confirmations(), Texts{"0042:4"});
}

TEST_F(ConfirmTest, TheConfirmationCarriesTheChainOfTheRow) {
  Deliver({source_.Sale("apple", "1")});
  ASSERT_EQ(link_->published.size(), 1u);
  std::string payload = link_->published[0].payload;
  EXPECT_EQ(link_->published[0].topic, "tillrelay/v1/0042/confirm");
  const auto confirm = wire::ReadConfirm(parser_.Parse(payload).value());
  EXPECT_EQ(confirm->streams[0].chain, source_.chain());
  EXPECT_EQ(confirm->streams[0].stream, source_.stream());
}

TEST_F(ConfirmTest, ADuplicateIsConfirmedAgain) {
  const Sent sale = source_.Sale("apple", "1");
  Deliver({sale});
  Confirmations();
  Advance(seconds(1));
  Deliver({sale});
  EXPECT_EQ(Confirmations(), Texts{"0042:1"});
}

TEST_F(ConfirmTest, OnlineStoresAreConfirmedEverySixtySeconds) {
  Deliver({source_.Sale("apple", "1")});
  DeliverStatus(source_, {.head = 1, .sent_through = 1, .confirmed_through = 1});
  Confirmations();
  Advance(seconds(59));
  EXPECT_EQ(Confirmations(), Texts{});
  Advance(seconds(1));
  EXPECT_EQ(Confirmations(), Texts{"0042:1"});
  DeliverStatus(source_, {.head = 1, .confirmed_through = 1, .state = "offline"});
  Confirmations();
  Advance(seconds(600));
  EXPECT_EQ(Confirmations(), Texts{});
}

TEST_F(ConfirmTest, StartAndReconnectConfirmEveryKnownStore) {
  EventSource other("0017", "01JD3V7Q8Z5W6K2M9T4RHXCDEZ");
  Deliver({source_.Sale("apple", "1"), other.Sale("apple", "1")});
  Restart();
  EXPECT_EQ(Confirmations(), (Texts{"0017:1", "0042:1"}));
  Advance(seconds(1));
  link_->Happen(mqtt::LinkEventType::kLost);
  Turn();
  Advance(seconds(40));
  EXPECT_EQ(link_->connects, 2);
  EXPECT_EQ(Confirmations(), (Texts{"0017:1", "0042:1"}));
}

TEST_F(ConfirmTest, AStatusThatShowsAnotherNumberIsAnswered) {
  Deliver({source_.Sale("apple", "1")});
  DeliverStatus(source_, {.head = 1, .sent_through = 1, .confirmed_through = 1});
  Advance(seconds(1));
  Confirmations();
  DeliverStatus(source_, {.head = 1, .sent_through = 1, .confirmed_through = 1});
  EXPECT_EQ(Confirmations(), Texts{});
  DeliverStatus(source_, {.head = 1, .sent_through = 1, .confirmed_through = 0});
  EXPECT_EQ(Confirmations(), Texts{"0042:1"});
}

TEST_F(ConfirmTest, AStreamThatOnlyAStatusNamesIsConfirmedAsEmpty) {
  DeliverStatus(source_, {.head = 500, .sent_through = 500, .confirmed_through = 500});
  EXPECT_EQ(Confirmations(), Texts{"0042:0"});
  EXPECT_EQ(Query("SELECT chain AS line FROM stream"),
            ToHex(BytesOf(wire::FirstChain("0042", source_.stream()))));
}

TEST_F(ConfirmTest, AtMostSixteenStreamsTheNewestFirst) {
  std::string last;
  for (char c = 'A'; c <= 'Z'; ++c) {
    if (c == 'I' || c == 'L' || c == 'O' || c == 'U') continue;
    EventSource stream("0042", std::string("01JD3V7Q8Z5W6K2M9T4RHXCDE") + c);
    Deliver({stream.Sale("apple", "1", c - 'A')});
    last = stream.stream();
  }
  Confirmations();
  Advance(seconds(1));
  Deliver({EventSource("0042", last).Sale("apple", "1", 'Z' - 'A')});
  std::string payload = link_->published.back().payload;
  const auto confirm = wire::ReadConfirm(parser_.Parse(payload).value());
  ASSERT_TRUE(confirm.ok());
  EXPECT_EQ(confirm->streams.size(), 16u);
  EXPECT_EQ(confirm->streams[0].stream, last);
}

// However many there are, each is named in its turn; the newest always.
TEST_F(ConfirmTest, ManyStreamsAreConfirmedInRounds) {
  constexpr int kStreams = 60;
  std::set<std::string> streams, named;
  std::string last;
  for (int i = 0; i < kStreams; ++i) {
    last = "01JD3V7Q8Z5W6K2M9T4RHX" + std::to_string(1000 + i);
    streams.insert(last);
    Advance(seconds(1));
    Deliver({EventSource("0042", last).Sale("apple", "1", i)});
  }
  DeliverStatus(EventSource("0042", last), {.head = 1});
  for (int minute = 0; minute < 8; ++minute) {
    Advance(seconds(61));
    std::string payload = link_->published.back().payload;
    const auto confirm = wire::ReadConfirm(parser_.Parse(payload).value());
    ASSERT_TRUE(confirm.ok());
    ASSERT_EQ(confirm->streams.size(), 16u);
    EXPECT_EQ(confirm->streams[0].stream, last);
    for (const auto& stream : confirm->streams) named.insert(stream.stream);
  }
  EXPECT_EQ(named, streams);
}

TEST_F(ConfirmTest, AGapIsAskedForStandsInItsTableAndGoes) {
  const Sent first = source_.Sale("apple", "1", 0), second = source_.Sale("apple", "1", 1);
  DeliverStatus(source_, {.head = 3});
  Deliver({first, source_.Sale("apple", "1", 2)});
  Advance(seconds(2));
  EXPECT_EQ(Requests(), Texts{"2-2"});
  Advance(milliseconds(200));
  EXPECT_EQ(Gaps(), "2-2");
  EXPECT_EQ(Count("gap WHERE asked_at IS NOT NULL"), 1);
  Reply(source_, "done");
  Advance(seconds(2));
  EXPECT_EQ(Requests(), Texts{"2-2"});
  Deliver({second});
  Advance(milliseconds(200));
  EXPECT_EQ(Count("gap"), 0);
  EXPECT_EQ(Through(), "0042|3");
}

TEST_F(ConfirmTest, AGapSurvivesARestart) {
  const Sent first = source_.Sale("apple", "1", 0);
  Deliver({source_.Sale("apple", "1", 1)});
  Advance(seconds(2));
  Advance(milliseconds(200));
  const std::string since = Query("SELECT since AS line FROM gap");
  Restart();
  DeliverStatus(source_, {.head = 2});
  Advance(seconds(2));
  EXPECT_EQ(Requests(), Texts{"1-1"});
  EXPECT_EQ(Query("SELECT since AS line FROM gap"), since);
  Deliver({first});
  Advance(seconds(1));
  EXPECT_EQ(Count("gap"), 0);
}

TEST_F(ConfirmTest, TheBrokersWindowIsNeverExceededAndNothingIsForgotten) {
  link_->receive_maximum = 3;
  link_->Happen(mqtt::LinkEventType::kLost);
  Turn();
  Advance(seconds(40));
  link_->acknowledges = false;
  std::vector<Sent> group;
  for (int i = 10; i < 15; ++i) {
    EventSource store("00" + std::to_string(i), "01JD3V7Q8Z5W6K2M9T4RHXCDEZ");
    group.push_back(store.Sale("apple", "1"));
  }
  Deliver(group);
  EXPECT_EQ(Confirmations(), (Texts{"0010:1", "0011:1"}));
  link_->acknowledges = true;
  Advance(seconds(11));  // the silent broker is left
  Advance(seconds(40));
  // Those that have waited longest come first.
  EXPECT_EQ(Confirmations(), (Texts{"0012:1", "0013:1", "0014:1", "0010:1", "0011:1"}));
}

TEST_F(ConfirmTest, ReconnectingWaitsOneToThirtySecondsAndNotLess) {
  link_->reachable = false;
  link_->Happen(mqtt::LinkEventType::kLost);
  Turn();
  const int before = link_->connects;
  Advance(milliseconds(900));
  EXPECT_EQ(link_->connects, before);
  for (int i = 0; i < 20; ++i) Advance(seconds(30));
  EXPECT_EQ(link_->connects, before + 20);
}

TEST_F(ConfirmTest, ARefusedSubscriptionIsALostConnection) {
  link_->subscription_code = 0x87;
  link_->Happen(mqtt::LinkEventType::kLost);
  Turn();
  Advance(seconds(5));
  const int disconnects = link_->disconnects;
  EXPECT_GT(disconnects, 0);
  Deliver({source_.Sale("apple", "1")});
  EXPECT_EQ(Confirmations(), Texts{});
}

TEST_F(ConfirmTest, MalformedControlMessagesAreCountedAndSurvived) {
  for (const char* payload : {"", "{", "[]", "{\"v\":2}", "{\"v\":1,\"streams\":7}",
                              "{\"v\":1,\"streams\":[{\"stream\":\"x\"}]}"}) {
    DeliverText("tillrelay/v1/0042/status", payload);
    DeliverText("tillrelay/v1/0042/reply", payload);
  }
  DeliverText("tillrelay/v1/0042/status", R"({"v":1,"store_id":"0017","state":"online"})");
  DeliverText("tillrelay/v1/a b/status", R"({"v":1,"state":"online"})");
  DeliverText("elsewhere", "{}");
  EXPECT_EQ(collector_->unread_controls(), 15u);
  EXPECT_EQ(Count("stream"), 0);
}

TEST_F(ConfirmTest, AFailedCommitConfirmsNothingAndTheGroupComesAgain) {
  const Sent first = source_.Sale("apple", "1", 0), second = source_.Sale("apple", "1", 1);
  Deliver({first});
  Advance(seconds(1));
  Confirmations();
  database_.Execute("ALTER TABLE event RENAME TO gone");
  Deliver({second});
  EXPECT_EQ(Confirmations(), Texts{});
  EXPECT_EQ(collector_->counters().failed_groups, 1u);
  Deliver({second});
  EXPECT_EQ(collector_->dropped_while_failing(), 1u);
  database_.Execute("ALTER TABLE gone RENAME TO event");
  Advance(seconds(1));
  EXPECT_EQ(Confirmations(), Texts{"0042:1"});
  Deliver({second});
  Advance(milliseconds(20));
  EXPECT_EQ(Confirmations(), Texts{"0042:2"});
  EXPECT_EQ(OnHand(), "0042|apple|-2");
}

// A list of owed bodies that is larger than the broker takes would end the connection for ever.
TEST(ConfirmTextTest, ItFitsTheBrokerAndLeavesNoNumberOut) {
  wire::StreamConfirm stream;
  stream.stream = "01JD3V7Q8Z5W6K2M9T4RHXCDEF";
  stream.through = 1000;
  for (uint64_t n = 1; n <= 999; n += 2) stream.owed.push_back({n, n});
  const std::string whole = ConfirmText("0042", "2026-11-21T16:42:09.512Z", {stream});
  for (const size_t most : {whole.size(), whole.size() - 1, size_t{2000}, size_t{400}}) {
    std::string text = ConfirmText("0042", "2026-11-21T16:42:09.512Z", {stream}, {}, nullptr, most);
    EXPECT_LE(text.size(), most);
    JsonParser parser;
    const auto confirm = wire::ReadConfirm(*parser.Parse(text));
    ASSERT_TRUE(confirm.ok());
    const auto& owed = confirm->streams.at(0).owed;
    EXPECT_EQ(owed.front().first, 1u);
    EXPECT_EQ(owed.back().last, 999u);
    for (const wire::Range& range : stream.owed) {
      EXPECT_TRUE(std::any_of(owed.begin(), owed.end(), [&](const wire::Range& listed) {
        return listed.first <= range.first && range.last <= listed.last;
      }));
    }
  }
}

}  // namespace
}  // namespace tillrelay::collector
