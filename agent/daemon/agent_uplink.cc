// How the agent reaches its broker, or whichever of them answers, as configured.
#include <utility>

#include "agent/daemon/agent.h"
#include "agent/daemon/configured_link.h"
#include "common/base/files.h"
#include "common/base/process.h"
#include "common/mqtt/broker_url.h"
#include "common/mqtt/failover_link.h"
#include "common/mqtt/paho_link.h"
#include "common/service/credentials.h"

namespace tillrelay {

// "http://user:password@host:port"; empty without one.
Result<std::string> Agent::ProxyOf() const {
  const auto& broker = config_.broker;
  if (broker.proxy.empty()) return std::string();
  auto proxy = mqtt::ParseProxyUrl(broker.proxy);
  if (!proxy.ok()) return std::move(proxy).status().Within("broker.proxy");
  auto password = service::ReadSecret("broker.proxy_password_file", broker.proxy_password_file,
                                      EnvironmentVariable);
  if (!password.ok()) return std::move(password).status();
  return mqtt::ProxyWithLogin(*proxy, broker.proxy_username, *password);
}

Result<mqtt::LinkOptions> Agent::LinkOptionsOf(const config::Config::BrokerAddress& broker) const {
  mqtt::LinkOptions link;
  auto password =
      service::ReadSecret("broker.password_file", broker.password_file, EnvironmentVariable);
  if (!password.ok()) return std::move(password).status();
  auto proxy = ProxyOf();
  if (!proxy.ok()) return std::move(proxy).status();
  link.password = *std::move(password);
  link.proxy = *std::move(proxy);
  link.url = broker.url;
  link.client_id = "tillrelay-" + config_.store_id;
  link.protocol = mqtt::ProtocolOf(config_.broker.protocol);
  link.username = broker.username;
  const struct {
    const char* key;
    const std::string& value;
    std::string* out;
  } files[] = {{"broker.ca_file", broker.ca_file, &link.ca_file},
               {"broker.cert_file", broker.cert_file, &link.cert_file},
               {"broker.key_file", broker.key_file, &link.key_file}};
  const auto url = mqtt::ParseBrokerUrl(link.url);
  const bool tls = url.ok() && url->tls;  // else none of them is used
  for (const auto& file : files) {
    if (!tls) break;
    auto path = service::CredentialPath(file.key, file.value, EnvironmentVariable);
    if (!path.ok()) return std::move(path).status();
    *file.out = *std::move(path);
  }
  link.will_topic = wire::TopicsOf(config_.delivery.topic_prefix, config_.store_id).status;
  link.will_payload = wire::WriteWill(session_);
  link.content_type = std::string(wire::kEventContentType);
  link.batch_content_type = std::string(wire::kBatchContentType);
  return link;
}

// The settings' keys, or the one that was learned: <journal>.centre-key.
uplink::CentreKeyOptions Agent::CentreKeyOptionsOf() const {
  constexpr size_t kMaxKeyFile = 256;
  uplink::CentreKeyOptions options;
  options.accept_unsigned = config_.delivery.accept_unsigned;
  for (const std::string& text : config_.delivery.confirm_keys) {
    if (const auto key = wire::ParseKey(text)) options.pinned.push_back(*key);
  }
  const std::string path = config_.journal.path + ".centre-key";
  const auto text = ReadFile(path, kMaxKeyFile);
  if (text.ok()) {
    options.learned = wire::ParseKey(text->substr(0, text->find('\n')));
    if (!options.learned)
      options.fault = path + " holds no key; remove it to learn head office's anew";
  } else if (text.status().code() != Code::kNotFound) {
    options.fault = text.status().message();
  }
  options.keep = [path](const wire::PublicKey& key) {
    return WriteFileDurably(path, wire::KeyText(key) + "\n", 0600);
  };
  return options;
}

Result<std::unique_ptr<mqtt::Link>> Agent::MakeLink(mqtt::Deliver deliver) {
  const auto one = [this](const config::Config::BrokerAddress& broker) {
    return [this, &broker](mqtt::Deliver to) -> Result<std::unique_ptr<mqtt::Link>> {
      return std::unique_ptr<mqtt::Link>(std::make_unique<ConfiguredLink>(
          [this, &broker] { return LinkOptionsOf(broker); }, mqtt::MakePahoLink, std::move(to)));
    };
  };
  if (config_.broker.others.empty()) return one(config_.broker)(std::move(deliver));
  mqtt::FailoverLink::Options options;
  options.clock = &clock_;
  options.brokers.push_back({config_.broker.url, one(config_.broker)});
  for (const auto& other : config_.broker.others) {
    options.brokers.push_back({other.url, one(other)});
  }
  options.well = [this] {
    const auto link = LinkOptionsOf(config_.broker);
    return link.ok() && Answers(*link);
  };
  return mqtt::FailoverLink::Make(std::move(options), std::move(deliver));
}

}  // namespace tillrelay
