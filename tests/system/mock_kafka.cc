// Kafka for sinks_test.py: prints its servers, then obeys a command on each line: "down", "up", and
// "read TOPIC", which is answered with a JSON array of {"key","kind","partition","value"}.
#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <string>

#include "common/base/json_writer.h"
#include "tests/support/kafka_cluster.h"

namespace {

std::string Answer(tillrelay::testing::KafkaCluster* cluster, const std::string& command) {
  constexpr std::string_view kRead = "read ";
  if (command == "down" || command == "up") {
    cluster->SetDown(command == "down");
    return command;
  }
  if (!command.starts_with(kRead)) return "unknown command";
  std::string text;
  tillrelay::JsonWriter json(&text);
  json.BeginArray();
  for (const auto& record : cluster->Records(command.substr(kRead.size()))) {
    json.BeginObject().Field("key", record.key).Field("kind", record.kind);
    json.Field("partition", static_cast<uint64_t>(record.partition));
    json.Key("value").Raw(record.value).EndObject();
  }
  json.EndArray();
  return text;
}

void Say(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

}  // namespace

int main() {
  tillrelay::testing::KafkaCluster cluster;
  Say(cluster.servers());
  for (std::string command; std::getline(std::cin, command);) {
    Say(Answer(&cluster, command));
  }
  return 0;
}
