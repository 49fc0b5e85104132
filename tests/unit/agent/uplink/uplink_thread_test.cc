// The uplink's thread between a real journal and a broker that the test plays: what is published,
// what is believed, what is said at the end.
#include "agent/uplink/uplink_thread.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <mutex>

#include "common/wire/envelope.h"
#include "tests/support/drafts.h"
#include "tests/support/fake_link.h"
#include "tests/support/seeded_random.h"
#include "tests/support/temp_dir.h"

namespace tillrelay::uplink {
namespace {

using testing::FakeLink;
using testing::SaleDraft;

constexpr const char* kSession = "01JD3V7Q8Z5W6K2M9T4RHXAAAA";

// The broker's side of a FakeLink that two threads use: orders come in from the uplink, what
// happens goes back at once.
class Broker {
 public:
  // Something the test wants to see or change.
  template <typename F>
  auto Locked(F&& f) {
    std::lock_guard lock(mutex_);
    return f(link_);
  }
  template <typename F>
  Status Order(F&& f) {
    Status status;
    std::vector<mqtt::LinkEvent> happenings;
    {
      std::lock_guard lock(mutex_);
      status = f(link_);
      happenings = link_.Take();
    }
    for (mqtt::LinkEvent& event : happenings) deliver(std::move(event));
    return status;
  }
  void Message(const std::string& topic, const std::string& payload, bool retained = false) {
    mqtt::LinkEvent event;
    event.what = mqtt::LinkEventType::kMessage;
    event.topic = topic;
    event.payload = payload;
    event.retained = retained;
    deliver(std::move(event));
  }
  void Lose() {
    Order([](FakeLink& link) {
      link.Happen(mqtt::LinkEventType::kLost);
      return Status::Ok();
    }).ok();
  }
  mqtt::Deliver deliver;
  std::function<void()> subscribed;  // on the uplink's thread
  std::atomic<int> publishing{0};    // orders begun

 private:
  std::mutex mutex_;
  FakeLink link_;
};

class BrokerLink final : public mqtt::Link {
 public:
  explicit BrokerLink(Broker* broker) : broker_(*broker) {}
  Status Connect() override {
    return broker_.Order([](FakeLink& link) { return link.Connect(); });
  }
  Status Subscribe(const std::vector<std::string>& topics) override {
    const Status status = broker_.Order([&](FakeLink& link) { return link.Subscribe(topics); });
    if (broker_.subscribed) broker_.subscribed();
    return status;
  }
  Status Publish(const mqtt::PublishOrder& order) override {
    ++broker_.publishing;
    return broker_.Order([&](FakeLink& link) { return link.Publish(order); });
  }
  void Disconnect(int timeout_ms) override {
    broker_
        .Order([&](FakeLink& link) {
          link.Disconnect(timeout_ms);
          return Status::Ok();
        })
        .ok();
  }

 private:
  Broker& broker_;
};

class PumpTest : public ::testing::Test {
 protected:
  void SetUp() override {
    journal::JournalOptions options;
    options.store.path = path_;
    options.store.store_id = "0042";
    options.min_free_bytes = 0;
    options.on_growth = [this](const journal::StreamRow& stream) {
      if (pump_ != nullptr) pump_->JournalGrew(stream);
    };
    auto journal = journal::Journal::Open(options, &clock_, &random_);
    ASSERT_TRUE(journal.ok()) << journal.status().message();
    journal_ = *std::move(journal);
    stream_ = journal_->Stats().stream;
    topics_ = wire::TopicsOf(wire::kDefaultPrefix, "0042");
    last_confirm_ = ConfirmText(0, wire::FirstChain("0042", stream_));
    broker_.subscribed = [this] {
      const std::string text = broker_.Locked([&](FakeLink&) { return last_confirm_; });
      broker_.Message(topics_.confirm, text, true);
    };
  }
  void TearDown() override {
    if (pump_ != nullptr) pump_->Stop(Duration(0));
    if (journal_ != nullptr) journal_->Stop();
  }
  void Start(bool with_broker = true) {
    UplinkThreadOptions options;
    options.driver.sender.session = kSession;
    options.driver.sender.has_broker = with_broker;
    options.driver.sender.retry_min = options.driver.sender.retry_max = milliseconds(10);
    options.driver.store_id = "0042";
    options.driver.journal_path = path_;
    options.driver.topics = topics_;
    options.driver.automatic = automatic_;
    if (automatic_) options.driver.sender.events_per_message = 100;
    if (with_broker) {
      options.make_link = [this](mqtt::Deliver deliver) -> Result<std::unique_ptr<mqtt::Link>> {
        broker_.deliver = std::move(deliver);
        return std::unique_ptr<mqtt::Link>(std::make_unique<BrokerLink>(&broker_));
      };
    }
    options.driver.status_json = [](size_t) { return R"({"v":1,"state":"online"})"; };
    pump_ = std::make_unique<UplinkThread>(std::move(options), journal_.get(), &clock_, &random_);
    ASSERT_TRUE(pump_->Start().ok());
  }
  // Stored when it comes back.
  void Sell(int first, int last) {
    journal::AppendRequest request;
    for (int i = first; i <= last; ++i) request.entries.emplace_back(SaleDraft("03", i));
    std::promise<bool> stored;
    request.done = [&](auto receipts) { stored.set_value(receipts.ok()); };
    ASSERT_TRUE(journal_->Submit(std::move(request)).ok());
    ASSERT_TRUE(stored.get_future().get());
  }
  wire::Chain FirstChain() const { return wire::FirstChain("0042", stream_); }
  std::string ConfirmText(uint64_t through, const wire::Chain& chain) const {
    wire::Confirm confirm{"0042", "2026-11-21T16:42:09Z", {{stream_, through, chain, owed_}}};
    confirm.accepts_batches = accepts_batches_;
    confirm.accepts_zstd = accepts_zstd_;
    return wire::WriteConfirm(confirm);
  }
  // Live, and kept by the broker for the next session.
  void Confirm(uint64_t through, const wire::Chain& chain) {
    const std::string text = ConfirmText(through, chain);
    broker_.Locked([&](FakeLink&) { last_confirm_ = text; });
    broker_.Message(topics_.confirm, text);
  }
  // What was published on a topic, in order.
  std::vector<std::string> On(const std::string& topic) {
    return broker_.Locked([&](FakeLink& link) {
      std::vector<std::string> payloads;
      for (const auto& published : link.published) {
        if (published.topic == topic) payloads.push_back(published.payload);
      }
      return payloads;
    });
  }
  template <typename F>
  static void Await(F&& condition) {
    while (!condition()) std::this_thread::yield();
  }
  std::vector<std::string> AwaitEvents(size_t count) {
    Await([&] { return On(topics_.events).size() >= count; });
    return On(topics_.events);
  }
  // The chain behind an event, by the receiver's own computation.
  wire::Chain ChainAfter(const std::vector<std::string>& events) {
    wire::Chain chain = FirstChain();
    for (const std::string& event : events) chain = Check(event, chain);
    return chain;
  }
  wire::Chain Check(std::string event, const wire::Chain& previous) {
    JsonParser parser;
    auto value = parser.Parse(event);
    EXPECT_TRUE(value.ok());
    auto envelope = wire::ReadEnvelope(*value);
    EXPECT_TRUE(envelope.ok()) << envelope.status().message();
    EXPECT_EQ(envelope->previous, previous);
    const auto chain =
        wire::NextChain(previous, envelope->sequence, envelope->id, Sha256(envelope->data));
    EXPECT_EQ(envelope->chain, chain);
    return chain;
  }
  // As the events themselves have it: what stayed behind is not here to be computed.
  static wire::Chain ChainOfParked(const std::vector<std::string>& events) {
    JsonParser parser;
    std::string last = events.back();
    auto value = parser.Parse(last);
    EXPECT_TRUE(value.ok());
    auto envelope = wire::ReadEnvelope(*value);
    EXPECT_TRUE(envelope.ok());
    return envelope->chain;
  }
  std::string Reply(size_t index) {
    Await([&] { return On(topics_.reply).size() > index; });
    return On(topics_.reply)[index];
  }

  testing::TempDir dir_;
  std::string path_ = dir_ / "journal.db";
  bool automatic_ = false, accepts_batches_ = false, accepts_zstd_ = false;
  SystemClock clock_;
  testing::SeededRandom random_;
  std::string stream_, last_confirm_;
  std::vector<wire::Range> owed_;
  wire::Topics topics_;
  Broker broker_;
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<UplinkThread> pump_;
};

TEST_F(PumpTest, EventsArePublishedInOrderWithAnUnbrokenChain) {
  Sell(1, 150);
  Start();
  AwaitEvents(150);
  Sell(151, 300);
  const auto events = AwaitEvents(300);
  EXPECT_EQ(events.size(), 300u);
  EXPECT_EQ(ToHex(BytesOf(ChainAfter(events))), journal_->Stats().head_chain);
}

TEST_F(PumpTest, AConfirmationMovesTheJournalsWatermark) {
  Start();
  Sell(1, 3);
  auto events = AwaitEvents(3);
  events.resize(2);
  Confirm(2, ChainAfter(events));
  Await([&] { return journal_->Stats().confirmed_through == 2; });
  EXPECT_EQ(journal_->Stats().waiting, 1u);
  Await([&] { return pump_->Stats().last_confirmed_at != WallTime{}; });
}

TEST_F(PumpTest, AfterALostLinkWhatIsNotConfirmedIsSentAgainInTheSameBytes) {
  Start();
  Sell(1, 5);
  auto events = AwaitEvents(5);
  events.resize(2);
  Confirm(2, ChainAfter(events));
  Await([&] { return journal_->Stats().confirmed_through == 2; });
  broker_.Lose();
  const auto all = AwaitEvents(8);
  ASSERT_EQ(all.size(), 8u);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(all[5 + i], all[2 + i]);
}

TEST_F(PumpTest, TheRetainedWordOfTheCentreSavesSendingAgain) {
  Start();
  Sell(1, 5);
  const wire::Chain chain = ChainAfter(AwaitEvents(5));
  pump_->Stop(Duration(0));
  pump_.reset();
  last_confirm_ = ConfirmText(5, chain);
  Start();
  Await([&] { return journal_->Stats().confirmed_through == 5; });
  Sell(6, 6);
  EXPECT_EQ(AwaitEvents(6).size(), 6u);
}

// The whole folder of a store is gone: nothing here can know, and head office's word is the
// witness.
TEST_F(PumpTest, AStreamThatHeadOfficeKnowsAndTheJournalDoesNotHaveIsFound) {
  constexpr const char* kGone = "01JD3V7Q8Z5W6K2M9T4RHXG0NE";
  const wire::Chain chain = wire::FirstChain("0042", kGone);
  const auto unknown = [this] { return pump_->Stats().unknown_streams; };
  // Retained, as of the former server; ours is not even known there.
  last_confirm_ =
      wire::WriteConfirm({"0042", "2026-11-21T16:42:09Z", {{kGone, 918'420, chain, {}}}});
  Start();
  Await([&] { return unknown().size() == 1; });
  EXPECT_EQ(unknown()[0].stream, kGone);
  EXPECT_EQ(unknown()[0].through, 918'420u);
  // Live, beside our own, and also where nothing of it was ever confirmed.
  broker_.Message(topics_.confirm,
                  wire::WriteConfirm({"0042",
                                      "2026-11-21T16:42:09Z",
                                      {{kGone, 0, chain, {}}, {stream_, 0, FirstChain(), {}}}}));
  Await([&] { return unknown().size() == 1 && unknown()[0].through == 0; });
  journal_->AcknowledgeStream(kGone);
  Await([&] { return journal_->Stats().acknowledged_streams.size() == 1; });
  EXPECT_EQ(journal_->Stats().acknowledged_streams[0], kGone);
  Confirm(0, FirstChain());
  Await([&] { return unknown().empty(); });
}

TEST_F(PumpTest, AReplayIsAnsweredWithTheSameBytes) {
  Start();
  Sell(1, 5);
  AwaitEvents(5);
  broker_.Message(
      topics_.command,
      wire::WriteCommand({"replay", "01JD3V7Q8Z5W6K2M9T4RHXBBBB", kSession, stream_, {2, 4}}));
  EXPECT_THAT(Reply(0), ::testing::HasSubstr("accepted"));
  EXPECT_THAT(Reply(1), ::testing::HasSubstr("done"));
  const auto all = On(topics_.events);
  ASSERT_EQ(all.size(), 8u);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(all[5 + i], all[1 + i]);
  EXPECT_EQ(pump_->Stats().replayed_total, 3u);
}

// A centre that was set back asks for a number whose body does not pass: it would never close.
TEST_F(PumpTest, WhatDoesNotPassIsNamedInAReplayUntilTheCentreOwesIt) {
  broker_.Locked([](FakeLink& link) { link.maximum_packet = 1000; });
  Start();
  Sell(1, 3);
  AwaitEvents(3);
  const auto ask = [&](const char* id) {
    broker_.Message(topics_.command, wire::WriteCommand({"replay", id, kSession, stream_, {1, 3}}));
  };
  ask("01JD3V7Q8Z5W6K2M9T4RHXBBBB");
  EXPECT_THAT(Reply(1), ::testing::HasSubstr("done"));
  const auto all = On(topics_.events);
  ASSERT_EQ(all.size(), 6u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_THAT(all[i], ::testing::HasSubstr("parked"));
    EXPECT_EQ(all[3 + i], all[i]);
  }
  owed_ = {{1, 3}};
  Confirm(3, ChainOfParked(all));
  Await([&] { return journal_->Owed().size() == 3; });
  ask("01JD3V7Q8Z5W6K2M9T4RHXCCCC");
  EXPECT_THAT(Reply(3), ::testing::HasSubstr("done"));
  EXPECT_EQ(On(topics_.events).size(), 6u);
}

TEST_F(PumpTest, WhoHasTheIdOfAReplayFindsItsProgress) {
  Start();
  Sell(1, 5);
  AwaitEvents(5);
  for (int round = 0; round < 20; ++round) {
    ReplayOrder order;
    order.first = 1;
    order.last = 5;
    const auto id = pump_->Replay(order);
    ASSERT_TRUE(id.ok()) << id.status().message();
    const auto found = [&] {
      for (const ReplayProgress& replay : pump_->Stats().replays) {
        if (replay.id == *id) return replay.state;
      }
      return std::string();
    };
    ASSERT_NE(found(), "") << "round " << round;
    Await([&] { return found() == "done"; });
  }
}

TEST_F(PumpTest, StopSaysOfflineForAllToSeeAndDisconnects) {
  Start();
  Sell(1, 2);
  const auto events = AwaitEvents(2);
  Confirm(2, ChainAfter(events));
  pump_->Stop(seconds(60));  // everything is confirmed: no waiting
  broker_.Locked([&](FakeLink& link) {
    EXPECT_EQ(link.published.back().topic, topics_.status);
    EXPECT_EQ(link.published.back().payload, wire::WriteWill(kSession));
    EXPECT_TRUE(link.published.back().retained);
    EXPECT_EQ(link.disconnects, 1);
  });
}

TEST_F(PumpTest, TheFirstThingPublishedIsTheRetainedStatus) {
  Start();
  Sell(1, 1);
  AwaitEvents(1);
  broker_.Locked([&](FakeLink& link) {
    EXPECT_EQ(link.subscribed, (std::vector<std::string>{topics_.confirm, topics_.command}));
    EXPECT_EQ(link.published.front().topic, topics_.status);
    EXPECT_TRUE(link.published.front().retained);
  });
}

TEST_F(PumpTest, GarbageIsIgnoredAndWorkGoesOn) {
  Start();
  Sell(1, 2);
  const auto events = AwaitEvents(2);
  const std::string good = ConfirmText(2, ChainAfter(events));
  for (const std::string& topic : {topics_.confirm, topics_.command, topics_.events}) {
    for (const std::string& payload :
         {std::string(), std::string("{"), std::string("null"), std::string("[]"),
          std::string("{\"v\":1}"), std::string("{\"v\":2,\"store\":\"0042\"}"),
          std::string(10'000, '['), std::string("\xFF\xFE\0", 3), std::string(200'000, ' '),
          std::string(R"({"v":1,"store":"0042","streams":[5,{"stream":[]}]})"),
          std::string(R"({"v":1,"command":"erase","command_id":"x","session":"y"})")}) {
      broker_.Message(topic, payload);
    }
    for (size_t length = 0; length < good.size(); length += 7) {
      broker_.Message(topic, good.substr(0, length));
    }
  }
  std::string foreign = good;
  foreign.replace(foreign.find("0042"), 4, "0043");
  broker_.Message(topics_.confirm, foreign);
  Sell(3, 3);
  AwaitEvents(3);
  EXPECT_EQ(journal_->Stats().confirmed_through, 0u);
  EXPECT_EQ(pump_->Stats().alarm, "");
  broker_.Message(topics_.confirm, good);
  Await([&] { return journal_->Stats().confirmed_through == 2; });
}

TEST_F(PumpTest, AForgedConfirmationIsNotBelievedAndCostsOneNewStreamAnHour) {
  Start();
  Sell(1, 3);
  AwaitEvents(3);
  wire::Chain forged{};
  forged[0] = 1;
  Confirm(3, forged);
  Confirm(UINT64_MAX >> 1, forged);
  Await([&] { return journal_->Streams().size() == 2; });
  EXPECT_EQ(journal_->Stats().confirmed_through, 0u);
  AwaitEvents(7);  // stream_opened and the three again, under the new stream's numbers
  EXPECT_EQ(pump_->Stats().forks_total, 1u);
  EXPECT_EQ(pump_->Stats().alarm, "");
}

// Behind its end head office has nothing but what is declared lost; what it has below that counts,
// if it is of the same history.
TEST_F(PumpTest, BeyondTheEndOfAnOlderStreamTheLastStoredEventCounts) {
  Start();
  Sell(1, 4);
  auto events = AwaitEvents(4);
  const wire::Chain one = Check(events[0], FirstChain()), two = Check(events[1], one);
  Confirm(2, two);
  Await([&] { return journal_->Stats().confirmed_through == 2; });
  Confirm(1'000, two);
  Confirm(1'000, two);  // twice: an older copy of the disk, and a new stream from 3 on
  Await([&] { return journal_->Streams().size() == 2; });
  const std::string younger = journal_->Stats().stream;
  const wire::Chain first = Check(AwaitEvents(7)[4], wire::FirstChain("0042", younger));
  const auto older = [&](uint64_t stored, const wire::Chain& chain) {
    wire::StreamConfirm word{stream_, 1'000, {}, {}};
    word.stored_through = stored;
    word.stored_chain = chain;
    broker_.Message(topics_.confirm, wire::WriteConfirm({"0042", "2026-11-21T16:42:09Z", {word}}));
  };
  const auto confirmed = [&] { return journal_->Streams().front().confirmed_through; };
  older(1, one);
  Await([&] { return confirmed() == 1; });
  older(2, one);
  older(3, two);
  older(0, two);
  broker_.Message(topics_.confirm,
                  wire::WriteConfirm({"0042", "2026-11-21T16:42:09Z", {{younger, 1, first, {}}}}));
  Await([&] { return journal_->Streams().back().confirmed_through == 1; });
  EXPECT_EQ(confirmed(), 1u);
  older(2, two);
  Await([&] { return confirmed() == 2; });
}

TEST_F(PumpTest, AFloodOfMessagesIsBoundedAndCounted) {
  Start();
  Sell(1, 1);
  const auto events = AwaitEvents(1);
  constexpr int kFlood = 5000;
  broker_.Message(topics_.command, std::string(300 * 1024, ' '));
  broker_.Locked([&](FakeLink&) {
    const int begun = broker_.publishing;
    Sell(2, 2);
    Await([&] { return broker_.publishing > begun; });  // and stays in that order
    for (int i = 0; i < kFlood; ++i) broker_.Message(topics_.command, "{}");
  });
  Confirm(1, ChainAfter(events));
  Await([&] { return pump_->Stats().dropped_messages_total > kFlood - 1100; });
  AwaitEvents(2);
  Await([&] {
    Confirm(1, ChainAfter(events));  // one that came into the full inbox may be lost
    return journal_->Stats().confirmed_through == 1;
  });
}

TEST_F(PumpTest, AMessageLargerThanAnyControlMessageIsDropped) {
  Start();
  Sell(1, 1);
  AwaitEvents(1);
  broker_.Message(topics_.confirm, std::string(256 * 1024 + 1, ' '));
  Sell(2, 2);
  AwaitEvents(2);
  Await([&] { return pump_->Stats().dropped_messages_total == 1; });
}

TEST_F(PumpTest, AnUnreachableBrokerIsTriedAgainUntilItIsThere) {
  broker_.Locked([](FakeLink& link) { link.reachable = false; });
  Sell(1, 1);
  Start();
  Await([&] { return broker_.Locked([](FakeLink& link) { return link.connects; }) >= 3; });
  EXPECT_NE(pump_->Stats().last_error, "");
  broker_.Locked([](FakeLink& link) { link.reachable = true; });
  AwaitEvents(1);
}

TEST_F(PumpTest, ARefusedSubscriptionEndsTheConnectionAndIsTriedAgain) {
  broker_.Locked([](FakeLink& link) { link.subscription_code = 0x87; });
  Sell(1, 1);
  Start();
  Await([&] { return broker_.Locked([](FakeLink& link) { return link.connects; }) >= 2; });
  broker_.Locked([](FakeLink& link) {
    EXPECT_GE(link.disconnects, 1);
    link.subscription_code = 0;
  });
  AwaitEvents(1);
}

TEST_F(PumpTest, ALinkThatTakesNoOrdersIsDroppedBeforeItIsMadeAgain) {
  broker_.Locked([](FakeLink& link) { link.publishes = false; });
  Sell(1, 1);
  Start();
  Await([&] { return broker_.Locked([](FakeLink& link) { return link.connects; }) >= 2; });
  broker_.Locked([](FakeLink& link) {
    EXPECT_GE(link.disconnects, link.connects - 1);
    link.publishes = true;
  });
  AwaitEvents(1);
}

// "e" a single event, "b" a batch, "z" a compressed one, for each message until `events` are there.
std::string FormsOf(const std::vector<std::string>& messages, size_t* events) {
  std::string forms;
  wire::MessageReader reader;
  for (std::string message : messages) {
    forms += message.front() == '{' ? 'e' : message.front() == '[' ? 'b' : 'z';
    EXPECT_TRUE(reader
                    .Read(&message,
                          [&](const Result<wire::Envelope>& event, JsonValue) {
                            *events += event.ok() ? 1 : 0;
                            return Status::Ok();
                          })
                    .ok());
  }
  return forms;
}

TEST_F(PumpTest, TheFormFollowsWhatWaitsAndWhatTheCentreTakes) {
  const struct {
    bool batches, zstd;
    int waiting;
    const char* form;
  } cases[] = {{false, false, 300, "e"},
               {false, true, 300, "e"},
               {true, false, 300, "b"},
               {true, true, 300, "z"},
               {true, true, 30, "e"}};
  int sold = 0;
  automatic_ = true;
  for (const auto& c : cases) {
    accepts_batches_ = c.batches;
    accepts_zstd_ = c.zstd;
    broker_.Locked([](FakeLink& link) { link.published.clear(); });
    // A journal of its own for each case: what waits is what was sold.
    TearDown();
    pump_.reset();
    path_ = dir_ / ("journal" + std::to_string(sold) + ".db");
    SetUp();
    Sell(sold + 1, sold + c.waiting);
    sold += c.waiting;
    Start();
    size_t events = 0;
    std::string forms;
    Await([&] {
      events = 0;
      forms = FormsOf(On(topics_.events), &events);
      return events >= static_cast<size_t>(c.waiting);
    });
    EXPECT_EQ(forms.find_first_not_of(c.form), std::string::npos)
        << forms << " " << c.batches << c.zstd << c.waiting;
  }
}

TEST_F(PumpTest, PausedItSendsNothingUntilItIsResumed) {
  Start();
  Sell(1, 1);
  AwaitEvents(1);
  pump_->Pause();
  Await([&] { return pump_->Stats().phase == LinkPhase::kPaused; });
  Sell(2, 2);
  EXPECT_EQ(On(topics_.events).size(), 1u);
  pump_->Resume();
  AwaitEvents(2);
}

TEST_F(PumpTest, WithoutABrokerTheJournalOnlyKeeps) {
  Start(false);
  Sell(1, 3);
  EXPECT_EQ(pump_->Stats().phase, LinkPhase::kUnconfigured);
  pump_->Stop(seconds(60));
  EXPECT_EQ(journal_->Stats().waiting, 3u);
}

}  // namespace
}  // namespace tillrelay::uplink
