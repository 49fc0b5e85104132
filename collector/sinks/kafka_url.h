// What: where a Kafka sink sends, as settings give it: kafka://host:port,host:port/topic, or
//   kafkas:// for TLS. The topic may hold {kind}, in whose place each change's own kind is put.
// Promise: whatever is not exactly that is refused.
// Thread: any (pure).
// Errors: invalid.
#pragma once

#include <string>
#include <string_view>

#include "common/base/status.h"

namespace tillrelay::collector {

struct KafkaUrl {
  bool tls = false;
  bool local = false;   // only this machine is reached first
  std::string servers;  // "host:port,host:port": those that are asked for the others
  std::string topic;
};
bool IsKafkaUrl(std::string_view url);
Result<KafkaUrl> ParseKafkaUrl(const std::string& url);
std::string TopicOf(const KafkaUrl& url, std::string_view kind);

}  // namespace tillrelay::collector
