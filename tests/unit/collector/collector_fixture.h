// The collector on a real database, with a broker and a clock of the test's own. Results are read
// through a second connection: only what is committed is seen. The database is a SQLite file, or a
// schema of its own in the PostgreSQL server that TILLRELAY_TEST_POSTGRES names.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collector/ledger/rebuild.h"
#include "collector/service/collector.h"
#include "common/base/json_reader.h"
#include "tests/support/event_source.h"
#include "tests/support/fake_link.h"
#include "tests/support/manual_clock.h"
#include "tests/support/seeded_random.h"
#include "tests/support/status_streams.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/collector/test_database.h"

namespace tillrelay::collector {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::EventSource;
using testing::Sent;

class CollectorTest : public ::testing::Test {
 protected:
  CollectorTest() { Start(); }

  void Start() {
    auto opened = Store::Open(url());
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    store_ = *std::move(opened);
    link_ = std::make_unique<testing::FakeLink>();
    collector_ = std::make_unique<Collector>(
        config_, store_.get(), Deps{&clock_, &random_, link_.get(), &fleet_, &orders_});
    ASSERT_TRUE(collector_->Start().ok());
    Turn();
  }
  void Stop() {
    collector_.reset();
    store_.reset();
  }
  void Restart() {
    Stop();
    Start();
  }

  // Lets the collector and the broker talk until nothing more happens.
  void Turn() {
    collector_->Tick();
    for (auto events = link_->Take(); !events.empty(); events = link_->Take()) {
      collector_->Handle(std::move(events));
      collector_->Tick();
    }
  }
  void Advance(Duration by) {
    clock_.Advance(by);
    Turn();
  }
  void Deliver(const std::vector<Sent>& group) {
    std::vector<mqtt::LinkEvent> messages;
    for (const Sent& sent : group) messages.push_back(sent.Message());
    collector_->Handle(std::move(messages));
    Turn();
  }
  void DeliverText(const std::string& topic, const std::string& payload) {
    mqtt::LinkEvent message;
    message.what = mqtt::LinkEventType::kMessage;
    message.topic = topic;
    message.payload = payload;
    std::vector<mqtt::LinkEvent> messages;
    messages.push_back(std::move(message));
    collector_->Handle(std::move(messages));
    Turn();
  }
  struct Told {
    uint64_t head = 0, sent_through = 0, confirmed_through = 0, floor = 1;
    std::string state = "online";
    std::string parked = "[]";
  };
  void DeliverStatus(const EventSource& source, const Told& reported) {
    wire::StreamState s;
    s.stream = source.stream();
    s.head = reported.head;
    s.sent_through = reported.sent_through;
    s.confirmed_through = reported.confirmed_through;
    s.floor = reported.floor;
    const std::string streams = wire::WriteStreams({s});
    DeliverText("tillrelay/v1/" + source.store() + "/status",
                R"({"v":1,"state":")" + reported.state + R"(","store_id":")" + source.store() +
                    R"(","session":")" + kSession + R"(","streams":)" + streams + R"(,"parked":)" +
                    reported.parked + "}");
  }

  // Rows joined by "; ", columns by "|".
  std::string Query(const std::string& sql) { return database_.Query(sql); }
  std::string Through() {
    return Query("SELECT store_id || '|' || confirmed_through AS line FROM stream ORDER BY 1");
  }
  std::string OnHand() {
    return Query("SELECT store_id || '|' || item || '|' || on_hand AS line FROM stock ORDER BY 1");
  }
  int64_t Count(const std::string& what) {
    return std::atoll(Query("SELECT COUNT(*) FROM " + what).c_str());
  }
  std::string Gaps() {
    return Query("SELECT first || '-' || last AS line FROM gap ORDER BY stream, first");
  }

  // The confirmations published since the last call, as "store:through".
  std::vector<std::string> Confirmations() {
    std::vector<std::string> seen;
    for (const auto& message : Drain("/confirm")) {
      EXPECT_TRUE(message.retained);
      std::string payload = message.payload;
      const auto confirm = wire::ReadConfirm(parser_.Parse(payload).value());
      std::string text = confirm->store + ":";
      for (const auto& s : confirm->streams) text += std::to_string(s.through) + " ";
      text.pop_back();
      seen.push_back(text);
    }
    return seen;
  }
  // The replay requests published since the last call, as "first-last".
  std::vector<std::string> Requests() {
    std::vector<std::string> seen;
    for (const auto& message : Drain("/command")) {
      EXPECT_FALSE(message.retained);
      std::string payload = message.payload;
      const auto command = wire::ReadCommand(parser_.Parse(payload).value());
      EXPECT_EQ(command->session, kSession);
      last_command_ = command->command_id;
      last_chain_ = command->chain;
      seen.push_back(std::to_string(command->range.first) + "-" +
                     std::to_string(command->range.last));
    }
    return seen;
  }
  void Reply(const EventSource& source, const std::string& state) {
    wire::Reply reply;
    reply.command_id = last_command_;
    reply.state = state;
    DeliverText("tillrelay/v1/" + source.store() + "/reply", wire::WriteReply(reply));
  }
  const std::string& url() const { return database_.url(); }

  static constexpr const char* kSession = "01JD3V7Q8Z5W6K2M9T4RHXSESS";
  TestDatabase database_;
  Config config_;
  Fleet fleet_;
  Orders orders_;
  testing::ManualClock clock_;
  testing::SeededRandom random_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<testing::FakeLink> link_;
  std::unique_ptr<Collector> collector_;
  JsonParser parser_;
  std::string last_command_;
  std::optional<wire::Chain> last_chain_;

 private:
  std::vector<testing::FakeLink::Published> Drain(const std::string& leaf) {
    std::vector<testing::FakeLink::Published> wanted, rest;
    for (auto& message : link_->published) {
      (message.topic.ends_with(leaf) ? wanted : rest).push_back(message);
    }
    link_->published = rest;
    return wanted;
  }
};

}  // namespace tillrelay::collector
