#include "collector/service/config.h"

#include <fmt/format.h>

#include "collector/db/own_change.h"
#include "collector/db/secret_files.h"
#include "collector/db/sql.h"
#include "collector/sinks/kafka_url.h"
#include "collector/sinks/webhook_url.h"
#include "collector/web/api_access.h"
#include "common/base/files.h"
#include "common/base/settings.h"
#include "common/base/text.h"
#include "common/event/kind.h"
#include "common/http/address.h"
#include "common/mqtt/broker_url.h"

namespace tillrelay::collector {
namespace {

constexpr size_t kMaxConfigBytes = 1024 * 1024;
constexpr int64_t kLeastRetentionDays = 400;  // ids outlive every agent's own retention

constexpr size_t kMaxPrefixBytes = 200;  // as at the stores

bool IsTopicPart(std::string_view text) {
  return !text.empty() && text.find_first_of("+#") == std::string_view::npos;
}

void CheckBroker(Settings* settings, const Config& config) {
  const std::string& url = config.broker.url;
  if (auto parsed = mqtt::ParseBrokerUrl(url); !parsed.ok()) {
    settings->Complain("broker.url", parsed.status().message());
  }
  if (config.broker.cert_file.empty() != config.broker.key_file.empty()) {
    settings->Complain("broker.cert_file", "cert_file and key_file are given together");
  }
}

void CheckTopics(Settings* settings, const Config& config) {
  const std::string& prefix = config.topic_prefix;
  if (!IsTopicPart(prefix) || prefix.front() == '/' || prefix.back() == '/' ||
      prefix.front() == '$' || prefix.size() > kMaxPrefixBytes) {
    settings->Complain("delivery.topic_prefix",
                       "a topic of at most 200 bytes without wildcards and outer slashes");
  }
  const std::string& group = config.shared_group;
  if (!group.empty() && (!IsTopicPart(group) || group.find('/') != std::string::npos)) {
    settings->Complain("delivery.shared_group", "a name without slashes and wildcards");
  }
}

void CheckStore(Settings* settings, const Config& config) {
  const std::string& url = config.database;
  const bool sqlite = url.starts_with(kSqliteScheme) && url.size() > kSqliteScheme.size();
  const bool postgres = url.starts_with(kPostgresScheme);
  if (!sqlite && !postgres) {
    settings->Complain("store.url", "write sqlite:/path/to/central.db or postgresql://host/name");
  }
  if (sqlite && !config.shared_group.empty()) {
    settings->Complain("delivery.shared_group", "collectors that share the work need PostgreSQL");
  }
  if (config.retention_days != 0 && config.retention_days < kLeastRetentionDays) {
    settings->Complain("store.retention_days", "0 (for ever) or at least 400");
  }
  for (const std::string& store : config.expected_stores) {
    if (!IsName(store)) settings->Complain("stores.expected", store + " is no store id");
  }
}

bool IsLocal(const std::string& text) {
  const auto address = http::ParseAddress(text);
  return address.ok() && http::IsLocal(*address);
}

void CheckHttp(Settings* settings, const Config& config) {
  const bool tls = !config.tls_cert_file.empty();
  if (tls == config.tls_key_file.empty()) {
    settings->Complain("metrics.tls_cert_file",
                       "tls_cert_file and tls_key_file are given together");
  }
  if (config.metrics_listen.empty() || IsLocal(config.metrics_listen)) return;
  if (config.token_file.empty() && config.tokens.empty()) {
    settings->Complain("metrics.listen",
                       "another address than loopback needs metrics.token_file or api.tokens");
  }
  if (!tls && !config.behind_proxy) {
    settings->Complain("metrics.listen",
                       "tokens would travel readable: give tls_cert_file and tls_key_file, or set"
                       " behind_proxy = true where a reverse proxy encrypts");
  }
}

void ReadThresholds(Settings* settings, Thresholds* t) {
  settings->Integer("exceptions.transit_overdue_days", 1, 365, &t->transit_overdue_days);
  settings->Integer("exceptions.count_off_percent", 1, 100, &t->count_off_percent);
  settings->Integer("exceptions.count_off_units", 1, 1'000'000, &t->count_off_units);
  settings->Integer("exceptions.returns_off_percent", 1, 100, &t->returns_off_percent);
  settings->Integer("exceptions.clock_off_s", 30, 86'400, &t->clock_off_s);
  settings->Integer("exceptions.disk_days", 1, 365, &t->disk_days);
  settings->Integer("exceptions.silent_register_h", 1, 8'760, &t->silent_register_h);
  settings->Integer("exceptions.sink_behind_minutes", 1, 10'080, &t->sink_behind_minutes);
  settings->String("exceptions.least_version", &t->least_version);
  const bool numbers = t->least_version.find_first_not_of("0123456789.") == std::string::npos;
  if (!numbers) settings->Complain("exceptions.least_version", "numbers with points, as 0.2.1");
}

void ReadTokens(Settings* settings, Config* config) {
  for (const std::string& name : settings->Sections("api.tokens")) {
    Config::Token token;
    token.name = name;
    const std::string key = "api.tokens." + name;
    settings->String(key + ".file", &token.file);
    settings->Strings(key + ".scopes", &token.scopes);
    settings->Integer(key + ".per_minute", 1, 1'000'000, &token.per_minute);
    if (token.file.empty())
      settings->Complain(key + ".file", "a token needs the file it stands in");
    if (token.scopes.empty()) settings->Complain(key + ".scopes", "a token needs a scope");
    for (const std::string& scope : token.scopes) {
      if (scope == kScopeStock || scope == kScopeReceipts || scope == kScopeOperate) continue;
      settings->Complain(key + ".scopes", "a scope is stock, receipts or operate");
    }
    config->tokens.push_back(std::move(token));
  }
}

void CheckReadable(Settings* settings, const std::string& key, const SinkConfig& sink,
                   const char* better) {
  if (sink.plain_http) return;
  settings->Complain(key + ".url", fmt::format("what was sold would travel readable: use {}, or set"
                                               " plain_http = true where the line is encrypted",
                                               better));
}

void CheckWebhook(Settings* settings, const std::string& key, const SinkConfig& sink) {
  const auto url = ParseWebhookUrl(sink.url);
  if (!url.ok()) settings->Complain(key + ".url", url.status().message());
  if (url.ok() && !url->tls && !url->local) CheckReadable(settings, key, sink, "https://");
  if (sink.secret_file.empty()) {
    settings->Complain(key + ".secret_file", "a webhook is signed: name the file of its secret");
  }
  if (!sink.username.empty()) settings->Complain(key + ".username", "a webhook has no login");
  if (!sink.proxy.empty()) {
    const auto proxy = ParseWebhookProxy(sink.proxy);
    if (!proxy.ok()) settings->Complain(key + ".proxy", proxy.status().message());
  }
}

void CheckKafka(Settings* settings, const std::string& key, const SinkConfig& sink) {
  const auto url = ParseKafkaUrl(sink.url);
  if (!url.ok()) settings->Complain(key + ".url", url.status().message());
  if (url.ok() && !url->tls && !url->local) CheckReadable(settings, key, sink, "kafkas://");
  if (sink.username.empty() != sink.secret_file.empty()) {
    settings->Complain(key + ".username", "a login needs username and secret_file");
  }
  if (!sink.proxy.empty()) {
    settings->Complain(key + ".proxy", "Kafka is not reached through a proxy");
  }
}

void CheckSink(Settings* settings, const std::string& key, const SinkConfig& sink) {
  if (!IsName(sink.name) || sink.name.find('.') != std::string::npos) {
    settings->Complain(key, "a sink's name has letters, digits, _ and - only");
  }
  const bool kafka = IsKafkaUrl(sink.url);
  (kafka ? CheckKafka : CheckWebhook)(settings, key, sink);
  for (const std::string& store : sink.stores) {
    if (!IsName(store)) settings->Complain(key + ".stores", store + " is no store id");
  }
  for (const std::string& kind : sink.kinds) {
    const bool own = kind == kCountApplied || kind == kLedgerCorrected;
    if (!own && !event::ParseKind(kind)) {
      settings->Complain(key + ".kinds", kind + " is no kind of event");
    }
  }
}

void ReadSinkSettings(Settings* settings, Config* config) {
  for (const std::string& name : settings->Sections("sink")) {
    SinkConfig sink;
    sink.name = name;
    const std::string key = "sink." + name;
    settings->String(key + ".url", &sink.url);
    settings->String(key + ".secret_file", &sink.secret_file);
    settings->String(key + ".username", &sink.username);
    settings->Word(key + ".mechanism", {"SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"},
                   &sink.mechanism);
    settings->String(key + ".ca_file", &sink.ca_file);
    settings->String(key + ".proxy", &sink.proxy);
    settings->Strings(key + ".stores", &sink.stores);
    settings->Strings(key + ".kinds", &sink.kinds);
    settings->Bool(key + ".data", &sink.data);
    settings->Bool(key + ".plain_http", &sink.plain_http);
    settings->Integer(key + ".batch", 1, 1000, &sink.batch);
    settings->Integer(key + ".timeout_s", 1, 60, &sink.timeout_s);
    CheckSink(settings, key, sink);
    config->sinks.push_back(std::move(sink));
  }
  if (config->sinks.size() > kMaxSinks) {
    settings->Complain("sink", "at most " + std::to_string(kMaxSinks) + " sinks");
  }
}

}  // namespace

Result<Config> ParseConfig(std::string_view text, const std::string& name) {
  auto parsed = Settings::Parse(text, name);
  if (!parsed.ok()) return std::move(parsed).status();
  Settings& settings = *parsed;
  Config config;
  settings.String("broker.url", &config.broker.url);
  settings.Word("broker.protocol", {"auto", "5", "3.1.1"}, &config.broker.protocol);
  settings.String("broker.username", &config.broker.username);
  settings.String("broker.password_file", &config.broker.password_file);
  settings.String("broker.ca_file", &config.broker.ca_file);
  settings.String("broker.cert_file", &config.broker.cert_file);
  settings.String("broker.key_file", &config.broker.key_file);
  settings.String("store.url", &config.database);
  settings.Integer("store.retention_days", 0, 36'500, &config.retention_days);
  settings.String("delivery.topic_prefix", &config.topic_prefix);
  settings.String("delivery.shared_group", &config.shared_group);
  settings.String("delivery.signing_key_file", &config.signing_key_file);
  settings.Integer("delivery.instance", 1, 999, &config.instance);
  settings.String("metrics.listen", &config.metrics_listen);
  settings.String("metrics.token_file", &config.token_file);
  settings.Strings("metrics.allowed_hosts", &config.allowed_hosts);
  settings.String("metrics.tls_cert_file", &config.tls_cert_file);
  settings.String("metrics.tls_key_file", &config.tls_key_file);
  settings.Bool("metrics.behind_proxy", &config.behind_proxy);
  ReadTokens(&settings, &config);
  settings.Strings("stores.expected", &config.expected_stores);
  settings.Integer("stores.silent_after_s", 90, 86'400, &config.silent_after_s);
  ReadThresholds(&settings, &config.thresholds);
  ReadSinkSettings(&settings, &config);
  CheckBroker(&settings, config);
  CheckTopics(&settings, config);
  CheckStore(&settings, config);
  CheckHttp(&settings, config);
  TRY(settings.Finish());
  return config;
}

Result<Config> ReadConfig(const std::string& path) {
  auto text = ReadFile(path, kMaxConfigBytes);
  if (!text.ok()) return std::move(text).status().Within("configuration");
  auto config = ParseConfig(*text, path);
  // A file that holds a secret is one.
  if (config.ok() && !PasswordIn(config->database).empty()) {
    TRY(CheckSecretFile("store.url holds a password", path));
  }
  return config;
}

std::vector<std::string> Subscriptions(const Config& config) {
  const wire::Topics all = wire::TopicsOf(config.topic_prefix, "+");
  const std::string events =
      config.shared_group.empty() ? all.events : "$share/" + config.shared_group + "/" + all.events;
  return {events, all.status, all.reply};
}

}  // namespace tillrelay::collector
