// Claims about two collectors on one PostgreSQL database: they never count twice, never leave a
// hole in positions, never announce less than the table holds for long; one leads.
#include "tests/unit/collector/collector_fixture.h"

namespace tillrelay::collector {
namespace {

class SharingTest : public ::testing::Test {
 protected:
  struct Peer {
    std::unique_ptr<Store> store;
    testing::FakeLink link;
    Fleet fleet;
    std::unique_ptr<Collector> collector;
  };

  void SetUp() override {
    for (Peer& peer : peers_) {
      peer.store = Store::Open(database_.url()).value();
      Config config;
      config.shared_group = "centre";
      peer.collector = std::make_unique<Collector>(
          config, peer.store.get(), Deps{&clock_, &random_, &peer.link, &peer.fleet});
      ASSERT_TRUE(peer.collector->Start().ok());
      Turn(peer);
    }
  }
  static void Turn(Peer& peer) {
    peer.collector->Tick();
    for (auto events = peer.link.Take(); !events.empty(); events = peer.link.Take()) {
      peer.collector->Handle(std::move(events));
      peer.collector->Tick();
    }
  }
  void Advance(Duration by) {
    clock_.Advance(by);
    for (Peer& peer : peers_) {
      if (peer.collector != nullptr) Turn(peer);
    }
  }
  void Deliver(size_t to, const std::vector<Sent>& group) {
    std::vector<mqtt::LinkEvent> messages;
    for (const Sent& sent : group) messages.push_back(sent.Message());
    peers_[to].collector->Handle(std::move(messages));
    Turn(peers_[to]);
  }
  // Heard by both, or by one of them alone.
  void Status(const EventSource& source, uint64_t head, std::optional<size_t> by = {}) {
    wire::StreamState s;
    s.stream = source.stream();
    s.head = s.sent_through = head;
    for (Peer& peer : peers_) {
      if (peer.collector == nullptr || (by && &peer != &peers_[*by])) continue;
      mqtt::LinkEvent message;
      message.what = mqtt::LinkEventType::kMessage;
      message.topic = "tillrelay/v1/" + source.store() + "/status";
      message.payload =
          R"({"v":1,"state":"online","session":"S","streams":)" + wire::WriteStreams({s}) + "}";
      std::vector<mqtt::LinkEvent> messages;
      messages.push_back(std::move(message));
      peer.collector->Handle(std::move(messages));
      Turn(peer);
    }
  }
  // The last confirmation of a collector, "" if there was none since the last call.
  std::string Confirmed(size_t of) {
    std::string last;
    for (const auto& message : peers_[of].link.published) {
      if (!message.topic.ends_with("/confirm")) continue;
      const size_t at = message.payload.find("\"through\":") + 10;
      last = message.payload.substr(at, message.payload.find(',', at) - at);
    }
    peers_[of].link.published.clear();
    return last;
  }
  size_t Asked(size_t of) {
    size_t count = 0;
    for (const auto& message : peers_[of].link.published) {
      if (message.topic.ends_with("/command")) ++count;
    }
    return count;
  }

  TestDatabase database_;
  testing::ManualClock clock_;
  testing::SeededRandom random_;
  Peer peers_[2];
  EventSource source_;
};

TEST_F(SharingTest, OneLeadsAndAnotherTakesOver) {
  EXPECT_TRUE(peers_[0].collector->leads());
  EXPECT_FALSE(peers_[1].collector->leads());
  peers_[0].collector.reset();
  peers_[0].store.reset();
  // The server lets go of the first one's lock when it has noticed that its connection is gone.
  for (int tries = 0; tries < 1000 && !peers_[1].collector->leads(); ++tries) Advance(seconds(2));
  EXPECT_TRUE(peers_[1].collector->leads());
}

TEST_F(SharingTest, EventsInTurnCountOnceEachInOrder) {
  std::vector<Sent> mine[2];
  for (int i = 0; i < 60; ++i) mine[i % 2].push_back(source_.Sale("apple", "1", i));
  for (size_t from = 0; from < 30; from += 10) {
    for (size_t peer : {size_t{1}, size_t{0}}) {
      const auto begin = mine[peer].begin() + static_cast<long>(from);
      Deliver(peer, {begin, begin + 10});
      Deliver(peer, {*begin});  // and once more
    }
  }
  EXPECT_EQ(database_.Query("SELECT confirmed_through FROM stream"), "60");
  EXPECT_EQ(database_.Query("SELECT on_hand FROM stock"), "-60");
  EXPECT_EQ(database_.Query("SELECT COUNT(*), MAX(position), COUNT(DISTINCT position) FROM event"
                            " WHERE counted = 1 AND position = sequence"),
            "60|60|60");
  EXPECT_TRUE(RebuildLedger(peers_[0].store->sql(), clock_.Wall()).ok());
  EXPECT_EQ(database_.Query("SELECT on_hand FROM stock"), "-60");
}

TEST_F(SharingTest, OneIdInTwoStreamsThroughTwoCollectorsCountsOnce) {
  const Sent sale = source_.Sale("apple", "1");
  EventSource renumbered("0042", "01JD3V7Q8Z5W6K2M9T4RHXCDEG");
  Deliver(0, {sale});
  Deliver(1, {renumbered.Again(sale)});
  EXPECT_EQ(database_.Query("SELECT on_hand FROM stock"), "-1");
}

TEST_F(SharingTest, TransfersOfTwoStoresMeetInOneCell) {
  EventSource there("0017", "01JD3V7Q8Z5W6K2M9T4RHXCDEZ");
  Deliver(0, {source_.Ship("T1", "0017", "6")});
  Deliver(1, {there.Receive("T1", "0042", "6")});
  Deliver(0, {source_.Ship("T2", "0017", "5")});
  EXPECT_EQ(database_.Query("SELECT in_transit FROM stock WHERE store_id = '0017'"), "5");
  EXPECT_EQ(database_.Query("SELECT transfer_id FROM transit"), "T2");
}

TEST_F(SharingTest, WhoSpokeTooEarlySpeaksAgain) {
  std::vector<Sent> sales;
  for (int i = 0; i < 3; ++i) sales.push_back(source_.Sale("apple", "1", i));
  Deliver(0, {sales[0]});
  EXPECT_EQ(Confirmed(0), "1");
  Deliver(1, {sales[1], sales[2]});
  EXPECT_EQ(Confirmed(1), "3");
  Advance(seconds(1));
  EXPECT_EQ(Confirmed(0), "3");
  EXPECT_EQ(Confirmed(1), "");
  Advance(seconds(5));
  EXPECT_EQ(Confirmed(0), "");
}

TEST_F(SharingTest, AHoleThatTheOtherFilledIsNotAskedForAndOnlyTheLeaderAsks) {
  std::vector<Sent> sales;
  for (int i = 0; i < 4; ++i) sales.push_back(source_.Sale("apple", "1", i));
  Status(source_, 4);
  Deliver(0, {sales[0], sales[2]});
  Deliver(1, {sales[1]});
  Advance(seconds(1));
  Advance(seconds(1));
  Advance(seconds(1));
  EXPECT_EQ(Asked(0), 1u);  // for the fourth alone
  EXPECT_EQ(Asked(1), 0u);
  const auto& command = peers_[0].link.published.back().payload;
  EXPECT_NE(command.find(R"("from":4,"through":4)"), std::string::npos) << command;
}

TEST_F(SharingTest, AHoleAmongTheOthersEventsIsFoundByTheLeader) {
  std::vector<Sent> sales;
  for (int i = 0; i < 3; ++i) sales.push_back(source_.Sale("apple", "1", i));
  Status(source_, 1);
  Deliver(1, {sales[0], sales[2]});
  for (int i = 0; i < 4; ++i) Advance(seconds(1));
  EXPECT_EQ(Asked(0), 1u);
  EXPECT_EQ(database_.Query("SELECT first || '-' || last FROM gap"), "2-2");
}

// The brokers of the two are not joined: each store speaks to one of them.
TEST_F(SharingTest, AStoreThatTheLeaderDoesNotHearIsAskedByTheOneThatDoes) {
  std::vector<Sent> sales;
  for (int i = 0; i < 4; ++i) sales.push_back(source_.Sale("apple", "1", i));
  Status(source_, 4, 1);
  Deliver(1, {sales[0], sales[2]});
  for (int i = 0; i < 20; ++i) Advance(seconds(1));
  EXPECT_EQ(Asked(1), 0u) << "the leader may do it";
  for (int i = 0; i < 20; ++i) Advance(seconds(1));
  EXPECT_EQ(Asked(0), 0u) << "its command would reach nobody";
  EXPECT_EQ(Asked(1), 1u);
  EXPECT_NE(peers_[1].link.published.back().payload.find(R"("from":2,"through":2)"),
            std::string::npos);
  Advance(seconds(1));
  EXPECT_EQ(database_.Query("SELECT first || '-' || last FROM gap ORDER BY first"), "2-2; 4-4");
  Deliver(1, {sales[1], sales[3]});
  Advance(seconds(1));
  Advance(seconds(1));
  EXPECT_EQ(database_.Query("SELECT COUNT(*) FROM gap"), "0");
}

TEST_F(SharingTest, AGapThatItsCollectorDoesNotSeeCloseGoesFromTheTable) {
  const Sent first = source_.Sale("apple", "1", 0), second = source_.Sale("apple", "1", 1);
  Status(source_, 2, 1);
  Deliver(1, {first});
  for (int i = 0; i < 40; ++i) Advance(seconds(1));
  EXPECT_EQ(database_.Query("SELECT first || '-' || last FROM gap"), "2-2");
  peers_[1].collector.reset();
  peers_[1].store.reset();
  Deliver(0, {second});
  for (int i = 0; i < 62; ++i) Advance(seconds(1));
  EXPECT_EQ(database_.Query("SELECT COUNT(*) FROM gap"), "0");
}

}  // namespace
}  // namespace tillrelay::collector
