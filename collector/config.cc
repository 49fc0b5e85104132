#include "collector/config.h"

#include "common/base/files.h"
#include "common/base/settings.h"

namespace tillrelay::collector {
namespace {

constexpr size_t kMaxConfigBytes = 1024 * 1024;
constexpr std::string_view kSqliteScheme = "sqlite:";

bool IsTopicPart(std::string_view text) {
  return !text.empty() && text.find_first_of("+#") == std::string_view::npos;
}

void CheckBroker(Settings* settings, const Config& config) {
  const std::string& url = config.broker.url;
  if (!url.starts_with("mqtt://") && !url.starts_with("mqtts://")) {
    settings->Complain("broker.url", "write mqtt://host:port or mqtts://host:port");
  }
  if (config.broker.cert_file.empty() != config.broker.key_file.empty()) {
    settings->Complain("broker.cert_file", "cert_file and key_file are given together");
  }
}

void CheckTopics(Settings* settings, const Config& config) {
  const std::string& prefix = config.topic_prefix;
  if (!IsTopicPart(prefix) || prefix.front() == '/' || prefix.back() == '/' ||
      prefix.front() == '$') {
    settings->Complain("delivery.topic_prefix", "a topic without wildcards and outer slashes");
  }
  const std::string& group = config.shared_group;
  if (!group.empty() && (!IsTopicPart(group) || group.find('/') != std::string::npos)) {
    settings->Complain("delivery.shared_group", "a name without slashes and wildcards");
  }
}

}  // namespace

Result<Config> ParseConfig(std::string_view text, const std::string& name) {
  auto parsed = Settings::Parse(text, name);
  if (!parsed.ok()) return std::move(parsed).status();
  Settings& settings = *parsed;
  Config config;
  settings.String("broker.url", &config.broker.url);
  settings.String("broker.username", &config.broker.username);
  settings.String("broker.password_file", &config.broker.password_file);
  settings.String("broker.ca_file", &config.broker.ca_file);
  settings.String("broker.cert_file", &config.broker.cert_file);
  settings.String("broker.key_file", &config.broker.key_file);
  std::string store = std::string(kSqliteScheme) + config.database;
  settings.String("store.url", &store);
  settings.String("delivery.topic_prefix", &config.topic_prefix);
  settings.String("delivery.shared_group", &config.shared_group);
  settings.String("metrics.listen", &config.metrics_listen);
  CheckBroker(&settings, config);
  CheckTopics(&settings, config);
  if (!store.starts_with(kSqliteScheme) || store.size() == kSqliteScheme.size()) {
    settings.Complain("store.url", "write sqlite:/path/to/central.db");
  } else {
    config.database = store.substr(kSqliteScheme.size());
  }
  TRY(settings.Finish());
  return config;
}

Result<Config> ReadConfig(const std::string& path) {
  auto text = ReadFile(path, kMaxConfigBytes);
  if (!text.ok()) return std::move(text).status().Within("configuration");
  return ParseConfig(*text, path);
}

std::vector<std::string> Subscriptions(const Config& config) {
  const wire::Topics all = wire::TopicsOf(config.topic_prefix, "+");
  const std::string events =
      config.shared_group.empty() ? all.events : "$share/" + config.shared_group + "/" + all.events;
  return {events, all.status, all.reply};
}

}  // namespace tillrelay::collector
