#include "tests/support/kafka_cluster.h"

#include <initializer_list>
#include <string_view>
#include <utility>

#include "common/base/check.h"

namespace tillrelay::testing {
namespace {

constexpr int kBrokers = 2;
constexpr int kPartitions = 4;  // of the mock's topics
constexpr int kPatienceMs = 60'000;

rd_kafka_t* Client(rd_kafka_type_t type,
                   std::initializer_list<std::pair<const char*, std::string>> settings) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set_log_cb(conf, nullptr);
  for (const auto& [name, value] : settings) {
    CHECK(rd_kafka_conf_set(conf, name, value.c_str(), nullptr, 0) == RD_KAFKA_CONF_OK);
  }
  rd_kafka_t* client = rd_kafka_new(type, conf, nullptr, 0);
  CHECK(client != nullptr);
  return client;
}

std::string Text(const void* bytes, size_t size) {
  return bytes == nullptr ? "" : std::string(static_cast<const char*>(bytes), size);
}

KafkaCluster::Record RecordOf(const rd_kafka_message_t& message) {
  rd_kafka_headers_t* headers = nullptr;
  const void* kind = nullptr;
  size_t size = 0;
  if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    rd_kafka_header_get_last(headers, "kind", &kind, &size);
  }
  return {Text(message.key, message.key_len), Text(kind, size), Text(message.payload, message.len),
          message.partition};
}

}  // namespace

KafkaCluster::KafkaCluster()
    : host_(Client(RD_KAFKA_PRODUCER, {})), cluster_(rd_kafka_mock_cluster_new(host_, kBrokers)) {
  CHECK(cluster_ != nullptr);
}

KafkaCluster::~KafkaCluster() {
  rd_kafka_mock_cluster_destroy(cluster_);
  rd_kafka_destroy(host_);
}

void KafkaCluster::SetDown(bool down) {
  for (int broker = 1; broker <= kBrokers; ++broker) {
    const auto set = down ? rd_kafka_mock_broker_set_down : rd_kafka_mock_broker_set_up;
    set(cluster_, broker);
  }
}

void KafkaCluster::RefuseNext(rd_kafka_resp_err_t error) {
  constexpr int16_t kProduce = 0;
  rd_kafka_mock_push_request_errors(cluster_, kProduce, 1, error);
}

std::vector<KafkaCluster::Record> KafkaCluster::Records(const std::string& topic) const {
  rd_kafka_t* reader = Client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", servers()},
                                                  {"group.id", "reader"},
                                                  {"allow.auto.create.topics", "true"},
                                                  {"enable.partition.eof", "true"}});
  rd_kafka_topic_partition_list_t* partitions = rd_kafka_topic_partition_list_new(kPartitions);
  for (int i = 0; i < kPartitions; ++i) {
    rd_kafka_topic_partition_list_add(partitions, topic.c_str(), i)->offset = 0;
  }
  rd_kafka_assign(reader, partitions);
  std::vector<Record> records;
  for (int ended = 0; ended < kPartitions;) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(reader, kPatienceMs);
    CHECK(message != nullptr);
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) ++ended;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) records.push_back(RecordOf(*message));
    rd_kafka_message_destroy(message);
  }
  rd_kafka_topic_partition_list_destroy(partitions);
  rd_kafka_consumer_close(reader);
  rd_kafka_destroy(reader);
  return records;
}

}  // namespace tillrelay::testing
