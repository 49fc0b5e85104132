// Kafka as a sink, against the library's own mock of a cluster: every change is a record, keyed by
// its store, in order; what is not acknowledged is not taken; nothing waits longer than it may.
#include <gmock/gmock.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <memory>

#include "collector/sinks/kafka.h"
#include "collector/sinks/kafka_url.h"
#include "common/base/files.h"
#include "tests/support/kafka_cluster.h"

namespace tillrelay::collector {
namespace {

using Meaning = SinkAnswer::Meaning;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(KafkaUrlTest, ServersAndOneTopicAreTaken) {
  const auto url = ParseKafkaUrl("kafkas://a.example:9093,[::1]:9094/stock.{kind}");
  ASSERT_TRUE(url.ok()) << url.status().message();
  EXPECT_TRUE(url->tls);
  EXPECT_FALSE(url->local);
  EXPECT_EQ(url->servers, "a.example:9093,[::1]:9094");
  EXPECT_EQ(TopicOf(*url, "sale"), "stock.sale");
  const auto local = ParseKafkaUrl("kafka://127.0.0.1:9092/stock");
  ASSERT_TRUE(local.ok()) << local.status().message();
  EXPECT_TRUE(local->local);
  EXPECT_FALSE(local->tls);
  EXPECT_EQ(TopicOf(*local, "sale"), "stock");
  for (const char* text :
       {"", "kafka://", "kafka:///stock", "kafka://a:9092", "kafka://a:9092/", "kafka://a/stock",
        "kafka://a:9092,/stock", "kafka://,a:9092/stock", "kafka://a:0/stock",
        "kafka://a:9092/st ock", "kafka://a:9092/a/b", "kafka://a:9092/.", "kafka://a:9092/..",
        "kafka://a:9092/{kind}{kind}", "kafka://a:9092/{store}", "http://a:9092/stock",
        "kafka://u:p@a:9092/stock"}) {
    EXPECT_FALSE(ParseKafkaUrl(text).ok()) << text;
  }
  EXPECT_TRUE(ParseKafkaUrl("kafka://a:9092/" + std::string(249, 't')).ok());
  EXPECT_FALSE(ParseKafkaUrl("kafka://a:9092/" + std::string(250, 't')).ok());
}

class KafkaTest : public ::testing::Test {
 protected:
  KafkaTest() : wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    settings_.url = *ParseKafkaUrl("kafka://127.0.0.1:9092/stock.{kind}");
    settings_.url.servers = cluster_.servers();
    settings_.deadline = std::chrono::seconds(30);
    settings_.wake = wake_.get();
  }

  std::unique_ptr<Kafka> Make() {
    auto kafka = Kafka::Make(settings_);
    EXPECT_TRUE(kafka.ok()) << kafka.status().message();
    return kafka.ok() ? *std::move(kafka) : nullptr;
  }
  // Changes of stores, "0042:sale" each, numbered through.
  SinkMessage Message(const std::vector<std::string>& changes) {
    SinkMessage message;
    message.body = R"({"changes":[)";
    for (const std::string& change : changes) {
      const size_t colon = change.find(':');
      const std::string text = R"({"position":)" + std::to_string(++position_) + "}";
      if (message.body.back() != '[') message.body += ',';
      message.parts.push_back(
          {message.body.size(), text.size(), change.substr(0, colon), change.substr(colon + 1)});
      message.body += text;
    }
    message.body += "]}";
    return message;
  }
  // "0042 sale {..}" of everything in a topic, each partition in its order.
  std::vector<std::string> Records(const std::string& topic) {
    std::vector<std::string> shown;
    for (const auto& record : cluster_.Records(topic)) {
      shown.push_back(record.key + " " + record.kind + " " + record.value);
    }
    return shown;
  }

  Fd wake_;
  testing::KafkaCluster cluster_;
  KafkaSettings settings_;
  int position_ = 0;
};

TEST_F(KafkaTest, EveryChangeIsARecordInTheOrderOfItsStore) {
  const auto kafka = Make();
  std::vector<std::string> changes(200, "0042:sale");
  EXPECT_EQ(kafka->Send(Message(changes)).meaning, Meaning::kTaken);
  EXPECT_EQ(kafka->Send(Message({"0042:sale", "0042:transfer", "0017:transfer"})).meaning,
            Meaning::kTaken);
  std::vector<std::string> expected;
  for (int i = 1; i <= 201; ++i) {
    expected.push_back("0042 sale {\"position\":" + std::to_string(i) + "}");
  }
  EXPECT_EQ(Records("stock.sale"), expected);
  EXPECT_THAT(Records("stock.transfer"),
              ::testing::UnorderedElementsAre("0042 transfer {\"position\":202}",
                                              "0017 transfer {\"position\":203}"));
}

TEST_F(KafkaTest, WhatIsNotAcknowledgedIsNotTakenAndTriedAgain) {
  settings_.deadline = std::chrono::seconds(1);
  const auto kafka = Make();
  ASSERT_EQ(kafka->Send(Message({"0042:sale"})).meaning, Meaning::kTaken);
  cluster_.SetDown(true);
  const SinkMessage message = Message({"0042:sale", "0042:sale"});
  for (int i = 0; i < 2; ++i) {
    const SinkAnswer answer = kafka->Send(message);
    EXPECT_EQ(answer.meaning, Meaning::kLater);
    EXPECT_THAT(answer.text, HasSubstr("timed out"));
  }
  cluster_.SetDown(false);
  while (kafka->Send(message).meaning != Meaning::kTaken) {
  }
  const auto records = Records("stock.sale");
  ASSERT_GE(records.size(), 3u);
  EXPECT_EQ(records[0], "0042 sale {\"position\":1}");
  EXPECT_EQ(records[records.size() - 2], "0042 sale {\"position\":2}");
  EXPECT_EQ(records.back(), "0042 sale {\"position\":3}");
}

TEST_F(KafkaTest, OnlyWhatIsWrongWithTheRecordIsRefused) {
  const auto kafka = Make();
  for (const auto error : {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_INVALID_MSG}) {
    cluster_.RefuseNext(error);
    const SinkAnswer answer = kafka->Send(Message({"0042:sale"}));
    EXPECT_EQ(answer.meaning, Meaning::kRefused) << answer.text;
    EXPECT_FALSE(answer.text.empty());
  }
  cluster_.RefuseNext(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  const SinkAnswer denied = kafka->Send(Message({"0042:sale"}));
  EXPECT_EQ(denied.meaning, Meaning::kLater);
  EXPECT_THAT(denied.text, HasSubstr("authorization failed"));
  EXPECT_THAT(Records("stock.sale"), IsEmpty());
  EXPECT_EQ(kafka->Send(Message({"0042:sale"})).meaning, Meaning::kTaken);
  EXPECT_THAT(Records("stock.sale"), ElementsAre("0042 sale {\"position\":4}"));
}

TEST_F(KafkaTest, WhoShallStopDoesNotWait) {
  settings_.url.servers = "127.0.0.1:9";  // nobody
  const auto kafka = Make();
  const uint64_t one = 1;
  ASSERT_EQ(write(wake_.get(), &one, sizeof one), static_cast<ssize_t>(sizeof one));
  const SinkAnswer answer = kafka->Send(Message({"0042:sale"}));
  EXPECT_EQ(answer.meaning, Meaning::kLater);
  EXPECT_THAT(answer.text, HasSubstr("stopped"));
}

TEST(KafkaSettingsTest, WhatTheLibraryCannotUseIsSaidAtOnce) {
  KafkaSettings settings;
  settings.url = *ParseKafkaUrl("kafkas://a.example:9093/stock");
  EXPECT_TRUE(Kafka::Make(settings).ok());
  settings.username = "centre";
  settings.password = "correct horse";
  settings.mechanism = "SCRAM-SHA-512";
  EXPECT_TRUE(Kafka::Make(settings).ok());
  KafkaSettings other = settings;
  other.mechanism = "ZORK";
  KafkaSettings no_file = settings;
  no_file.ca_file = "/nowhere/ZORK.pem";
  for (const KafkaSettings& unusable : {other, no_file}) {
    const auto made = Kafka::Make(unusable);
    ASSERT_FALSE(made.ok());
    EXPECT_THAT(made.status().message(), AllOf(HasSubstr("ZORK"), Not(HasSubstr("horse"))));
  }
}

}  // namespace
}  // namespace tillrelay::collector
