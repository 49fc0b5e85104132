#include "agent/monitor/status_json.h"

#include <gtest/gtest.h>

#include "common/base/json_reader.h"
#include "tests/unit/agent/monitor/samples.h"

namespace tillrelay::monitor {
namespace {

// Parses and keeps the bytes alive.
class Parsed {
 public:
  explicit Parsed(const Snapshot& snapshot) : bytes_(StatusJson(snapshot)) {
    auto root = parser_.Parse(bytes_);
    EXPECT_TRUE(root.ok()) << bytes_;
    if (root.ok()) root_ = *root;
  }
  JsonValue operator[](std::string_view name) const { return root_.Find(name); }
  uint64_t Number(std::string_view name) const {
    uint64_t value = 0;
    EXPECT_TRUE(root_.Unsigned(name, &value)) << name;
    return value;
  }
  std::string Text(std::string_view name) const { return std::string(root_.String(name)); }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  JsonParser parser_;
  JsonValue root_;
};

TEST(StatusJson, CarriesWhatOthersRelyOn) {
  const Parsed status(SampleNamed("name"));
  EXPECT_EQ(status.Number("v"), 1u);
  EXPECT_EQ(status.Text("state"), "offline");
  EXPECT_EQ(status.Text("store_id"), "0042");
  EXPECT_EQ(status.Text("stream"), "01JD7XKQ5T9W3M8R2C6F4B1N0A");
  EXPECT_EQ(status.Number("head"), 48613u);
  EXPECT_EQ(status.Number("sent_through"), 48201u);
  EXPECT_EQ(status.Number("acked_through"), 48201u);
  EXPECT_EQ(status.Number("confirmed_through"), 48201u);
  EXPECT_EQ(status.Number("waiting"), 412u);
  EXPECT_EQ(status.Text("oldest_waiting_at"), "2026-11-21T14:01:12Z");
  EXPECT_EQ(status.Number("quarantined"), 0u);
  EXPECT_EQ(status["broker"].String("last_error"),
            "mqtt.hq.example: Temporary failure in name resolution");
  EXPECT_EQ(status["broker"].String("next_try_at"), "2026-11-21T14:37:20Z");
  EXPECT_EQ(status.Number("journal_bytes"), 84'200'000u);
  EXPECT_EQ(status.Number("disk_days_left"), 19u);
  EXPECT_EQ(status.Text("version"), "0.1.0");
  EXPECT_EQ(status.Text("level"), "amber");
  EXPECT_EQ(status.Text("session"), "01JD8Z3V5Q");
}

TEST(StatusJson, WhatIsUnknownIsNull) {
  Snapshot snapshot = SampleNamed("delivered-broker");
  snapshot.journal.disk_days_left = -1;
  const std::string json = StatusJson(snapshot);
  for (const char* member :
       {"\"confirmed_through\":null", "\"oldest_waiting_at\":null", "\"disk_days_left\":null",
        "\"last_error\":null", "\"next_try_at\":null"}) {
    EXPECT_NE(json.find(member), std::string::npos) << member;
  }
}

TEST(StatusJson, TheCurrentStreamComesFirst) {
  Snapshot snapshot = Healthy();
  journal::StreamRow older;
  older.stream = "01JOLD";
  older.head = older.acked_through = 9;
  older.head_chain.fill(0xAA);
  older.confirmed_through = 8;
  older.confirmed_chain.fill(0xBB);
  older.floor = 2;
  snapshot.older_streams.push_back(older);
  snapshot.journal.owed.push_back({"01JOLD", 4});
  snapshot.journal.losses.push_back({"01JOLD", {5, 6}, {}, "salvage"});
  const Parsed status(snapshot);
  EXPECT_EQ(status["streams"].size(), 2u);
  std::vector<std::string> names;
  for (const JsonValue stream : status["streams"]) names.emplace_back(stream.String("stream"));
  EXPECT_EQ(names, (std::vector<std::string>{"01JD7XKQ5T9W3M8R2C6F4B1N0A", "01JOLD"}));
  EXPECT_NE(status.bytes().find(R"({"stream":"01JOLD","head":9,"sent_through":9,"acked_through":9,)"
                                R"("confirmed_through":8,"chain":")" +
                                std::string(32, 'a') + R"(","confirmed_chain":")" +
                                std::string(32, 'b') + R"(","floor":2})"),
            std::string::npos);
  EXPECT_NE(status.bytes().find("\"parked\":[{\"stream\":\"01JOLD\",\"sequence\":4}]"),
            std::string::npos);
  EXPECT_NE(status.bytes().find("\"from\":5,\"through\":6"), std::string::npos);
}

TEST(StatusJson, TellsTheCentreOfOpenEndsAndOfStreamsThatAreNotHere) {
  Snapshot snapshot = Healthy();
  wire::Lost& lost = snapshot.journal.losses.emplace_back();
  lost = {"01JOLD", {7, 6}, {}, "damaged", false, true};
  lost.chain.fill(0xCC);
  snapshot.unknown_streams.push_back({"01JGONE", 918'420});
  const Parsed status(snapshot);
  EXPECT_NE(status.bytes().find(R"("from":7,"through":6,"chain":")" + std::string(32, 'c') +
                                R"(","reason":"damaged","compared":false,"open":true)"),
            std::string::npos);
  EXPECT_NE(status.bytes().find(R"("unknown_streams":[{"stream":"01JGONE","through":918420}])"),
            std::string::npos);
}

TEST(StatusJson, InventedRegistersAndCountlessNumbersKeepItSmall) {
  Snapshot snapshot = Healthy();
  for (int i = 0; i < 30'000; ++i) {
    snapshot.capture.registers["r" + std::to_string(i)].last_heard_at =
        snapshot.now - std::chrono::seconds(i);
    snapshot.journal.owed.push_back({"01JD7XKQ5T9W3M8R2C6F4B1N0A", static_cast<uint64_t>(i + 1)});
    snapshot.journal.losses.push_back({"01JOLD", {1, 1}, {}, "disk", false, false});
  }
  const Parsed status(snapshot);
  EXPECT_LT(status.bytes().size(), 300'000u);
  EXPECT_EQ(status["parked"].size(), 1000u);
  EXPECT_EQ(status["lost"].size(), 1000u);
  EXPECT_EQ(status["registers"].size(), 200u);
  EXPECT_TRUE(status["registers"].Find("r0"));  // the last that was heard
  EXPECT_FALSE(status["registers"].Find("r29999"));
}

TEST(StatusJson, IsValidInEverySituation) {
  for (const Sample& sample : Samples()) Parsed status(SampleNamed(sample.name));
}

}  // namespace
}  // namespace tillrelay::monitor
