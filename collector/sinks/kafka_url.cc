#include "collector/sinks/kafka_url.h"

#include <algorithm>

#include "common/http/address.h"

namespace tillrelay::collector {
namespace {

constexpr std::string_view kPlain = "kafka://", kTls = "kafkas://", kKind = "{kind}";
constexpr size_t kMostTopic = 249;  // bytes, as Kafka has it
constexpr size_t kLongestKind = 32;

bool IsTopic(std::string topic) {
  if (const size_t at = topic.find(kKind); at != std::string::npos) {
    topic.replace(at, kKind.size(), std::string(kLongestKind, 'x'));
  }
  const bool named = !topic.empty() && topic.size() <= kMostTopic && topic != "." && topic != "..";
  return named && std::all_of(topic.begin(), topic.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

}  // namespace

bool IsKafkaUrl(std::string_view url) { return url.starts_with(kPlain) || url.starts_with(kTls); }

Result<KafkaUrl> ParseKafkaUrl(const std::string& url) {
  KafkaUrl parsed;
  parsed.tls = url.starts_with(kTls);
  if (!IsKafkaUrl(url)) return Invalid("it must start with kafka:// or kafkas://");
  const std::string rest = url.substr(parsed.tls ? kTls.size() : kPlain.size());
  const size_t slash = rest.find('/');
  if (slash == std::string::npos) return Invalid("it names no topic: kafkas://host:9093/TOPIC");
  parsed.servers = rest.substr(0, slash);
  parsed.topic = rest.substr(slash + 1);
  if (!IsTopic(parsed.topic)) {
    return Invalid("a topic has letters, digits, '.', '_' and '-', 249 at most; {kind} once");
  }
  parsed.local = true;
  std::string_view servers = parsed.servers;
  for (size_t comma = 0; comma != std::string_view::npos;) {
    comma = servers.find(',');
    const auto address = http::ParseAddress(servers.substr(0, comma));
    if (!address.ok() || address->is_unix || address->host.empty() || address->port == 0) {
      return Invalid("write each server as host:port, with a comma between them");
    }
    parsed.local = parsed.local && http::IsLocal(*address);
    if (comma != std::string_view::npos) servers.remove_prefix(comma + 1);
  }
  return parsed;
}

std::string TopicOf(const KafkaUrl& url, std::string_view kind) {
  std::string topic = url.topic;
  if (const size_t at = topic.find(kKind); at != std::string::npos) {
    topic.replace(at, kKind.size(), kind);
  }
  return topic;
}

}  // namespace tillrelay::collector
