// What: a cluster of Kafka brokers in this process, the one that librdkafka brings along for tests,
//   and a consumer that reads what it holds. Topics come into being when they are used.
// Thread: one; the library has threads of its own.
#pragma once

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <string>
#include <vector>

namespace tillrelay::testing {

class KafkaCluster {
 public:
  struct Record {
    std::string key, kind, value;  // `kind` is a header
    int partition = 0;
  };

  KafkaCluster();
  ~KafkaCluster();
  KafkaCluster(const KafkaCluster&) = delete;
  KafkaCluster& operator=(const KafkaCluster&) = delete;

  // "host:port,host:port"
  std::string servers() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }
  void SetDown(bool down);
  // The next produce request is answered so.
  void RefuseNext(rd_kafka_resp_err_t error);
  // Everything in the partitions of a topic, each in its order.
  std::vector<Record> Records(const std::string& topic) const;

 private:
  rd_kafka_t* host_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
};

}  // namespace tillrelay::testing
