// What: sends the changes of a message to Kafka, each as a record of its own: the key is the store,
//   so that those of one store stay in their order within its partition; the value is the change as
//   /v1/changes serves it.
// Promise: a message is taken once every record of it was acknowledged by all replicas in step.
//   Where one was not, nothing of it stays behind to be sent later by itself: the next try begins
//   anew, and may repeat what had arrived. Positions tell.
// Thread: one; the library's own threads read and write the connections.
// Errors: of Make: invalid, a login or a file that cannot be used.
#pragma once

#include <memory>
#include <string>

#include "collector/sinks/kafka_url.h"
#include "collector/sinks/transport.h"
#include "common/base/status.h"

namespace tillrelay::collector {

struct KafkaSettings {
  KafkaUrl url;
  std::string username, password;  // empty: no login
  std::string mechanism;           // of the login, as Kafka names it
  std::string ca_file;             // empty: the system's authorities
  std::chrono::seconds deadline{15};
  int wake = -1;
};

class Kafka : public Transport {
 public:
  static Result<std::unique_ptr<Kafka>> Make(KafkaSettings settings);
  ~Kafka() override;
  SinkAnswer Send(const SinkMessage& message) override;

 private:
  class Producer;
  explicit Kafka(KafkaSettings settings);
  const KafkaSettings settings_;
  std::unique_ptr<Producer> producer_;  // none behind a failure
};

}  // namespace tillrelay::collector
