#include "collector/service/start_files.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "collector/db/secret_files.h"
#include "common/base/process.h"
#include "common/service/credentials.h"

namespace tillrelay::collector {
namespace {

Status CheckSecret(std::string_view key, const std::string& setting) {
  auto path = service::CredentialPath(key, setting, EnvironmentVariable);
  return path.ok() ? CheckSecretFile(key, *path) : std::move(path).status();
}

// Where a sink's witness stands (collector/sinks/witness.h); "" where there is no place for one.
std::string WitnessPath(const Config& config, const std::string& sink) {
  if (config.database.starts_with(kSqliteScheme)) {
    return config.database.substr(kSqliteScheme.size()) + ".sink-" + sink;
  }
  const char* const folder = EnvironmentVariable("STATE_DIRECTORY");
  return folder == nullptr ? "" : std::string(folder) + "/sink-" + sink;
}

}  // namespace

Result<std::vector<ApiToken>> TokensOf(const Config& config) {
  std::vector<ApiToken> tokens;
  const auto add = [&tokens](const std::string& key, const std::string& file,
                             ApiToken token) -> Status {
    TRY(CheckSecret(key, file));
    auto secret = service::ReadSecret(key, file, EnvironmentVariable);
    if (!secret.ok()) return std::move(secret).status();
    token.secret = *std::move(secret);
    tokens.push_back(std::move(token));
    return Status::Ok();
  };
  if (!config.token_file.empty()) {
    const std::set<std::string, std::less<>> all{
        std::string(kScopeStock), std::string(kScopeReceipts), std::string(kScopeOperate)};
    TRY(add("metrics.token_file", config.token_file, {"metrics", "", all, 6000}));
  }
  for (const Config::Token& token : config.tokens) {
    TRY(add("api.tokens." + token.name, token.file,
            {token.name, "", {token.scopes.begin(), token.scopes.end()}, token.per_minute}));
  }
  return tokens;
}

Result<http::TlsFiles> TlsOf(const Config& config) {
  http::TlsFiles files;
  const std::tuple<const char*, const std::string&, std::string*> wanted[] = {
      {"metrics.tls_cert_file", config.tls_cert_file, &files.cert_file},
      {"metrics.tls_key_file", config.tls_key_file, &files.key_file}};
  for (const auto& [key, setting, path] : wanted) {
    if (setting.empty()) continue;
    auto found = service::CredentialPath(key, setting, EnvironmentVariable);
    if (!found.ok()) return std::move(found).status();
    *path = *std::move(found);
  }
  TRY(CheckSecretFile("metrics.tls_key_file", files.key_file));
  return files;
}

Result<mqtt::LinkOptions> LinkOptionsOf(const Config& config) {
  mqtt::LinkOptions options;
  options.url = config.broker.url;
  options.client_id =
      "tillrelay-collector-" + MachineName() + "-" + std::to_string(config.instance);
  options.protocol = mqtt::ProtocolOf(config.broker.protocol);
  options.username = config.broker.username;
  const auto path = [](const char* key, const std::string& value, std::string* out) {
    auto found = service::CredentialPath(key, value, EnvironmentVariable);
    if (found.ok()) *out = *found;
    return found.ok() ? Status::Ok() : std::move(found).status();
  };
  TRY(path("broker.ca_file", config.broker.ca_file, &options.ca_file));
  TRY(path("broker.cert_file", config.broker.cert_file, &options.cert_file));
  TRY(path("broker.key_file", config.broker.key_file, &options.key_file));
  TRY(CheckSecret("broker.password_file", config.broker.password_file));
  TRY(CheckSecret("broker.key_file", config.broker.key_file));
  auto password =
      service::ReadSecret("broker.password_file", config.broker.password_file, EnvironmentVariable);
  if (!password.ok()) return std::move(password).status();
  options.password = *std::move(password);
  return options;
}

Result<std::optional<wire::SigningKey>> SigningKeyOf(const Config& config) {
  if (config.signing_key_file.empty()) return std::optional<wire::SigningKey>();
  constexpr std::string_view kSetting = "delivery.signing_key_file";
  TRY(CheckSecret(kSetting, config.signing_key_file));
  auto pem = service::ReadSecret(kSetting, config.signing_key_file, EnvironmentVariable);
  if (!pem.ok()) return std::move(pem).status();
  auto key = wire::SigningKey::FromPem(*pem);
  if (!key.ok()) return std::move(key).status().Within(std::string(kSetting));
  return std::optional(*std::move(key));
}

Result<SinkSetup> SinkSetupOf(const Config& config, const SinkConfig& sink) {
  SinkSetup setup;
  setup.config = sink;
  const std::string key = "sink." + sink.name;
  if (!sink.secret_file.empty()) {
    TRY(CheckSecret(key + ".secret_file", sink.secret_file));
    auto secret = service::ReadSecret(key + ".secret_file", sink.secret_file, EnvironmentVariable);
    if (!secret.ok()) return std::move(secret).status();
    setup.secret = *std::move(secret);
  }
  auto ca = service::CredentialPath(key + ".ca_file", sink.ca_file, EnvironmentVariable);
  if (!ca.ok()) return std::move(ca).status();
  setup.ca_file = *std::move(ca);
  setup.witness_path = WitnessPath(config, sink.name);
  return setup;
}

Result<std::vector<std::string>> CheckStartFiles(Config config) {
  std::vector<std::string> unseen;
  // True: it is left out of what is checked.
  const auto leave_out = [&unseen](const std::string& key, std::string* file) {
    const auto handed_over = [](const char*) { return "/"; };
    const bool is_one = file->starts_with(service::kCredentialScheme) &&
                        service::CredentialPath(key, *file, handed_over).ok();
    if (!is_one || service::CredentialPath(key, *file, EnvironmentVariable).ok()) return false;
    unseen.push_back(key);
    file->clear();
    return true;
  };
  const std::tuple<const char*, std::string*> alone[] = {
      {"broker.ca_file", &config.broker.ca_file},
      {"broker.cert_file", &config.broker.cert_file},
      {"broker.key_file", &config.broker.key_file},
      {"broker.password_file", &config.broker.password_file},
      {"delivery.signing_key_file", &config.signing_key_file},
      {"metrics.token_file", &config.token_file}};
  for (const auto& [key, file] : alone) leave_out(key, file);
  const bool without_cert = leave_out("metrics.tls_cert_file", &config.tls_cert_file);
  const bool without_key = leave_out("metrics.tls_key_file", &config.tls_key_file);
  std::erase_if(config.tokens, [&](Config::Token& token) {
    return leave_out("api.tokens." + token.name, &token.file);
  });
  std::erase_if(config.sinks, [&](SinkConfig& sink) {
    const bool no_authority = leave_out("sink." + sink.name + ".ca_file", &sink.ca_file);
    return leave_out("sink." + sink.name + ".secret_file", &sink.secret_file) || no_authority;
  });
  if (auto tokens = TokensOf(config); !tokens.ok()) return std::move(tokens).status();
  if (auto key = SigningKeyOf(config); !key.ok()) return std::move(key).status();
  auto link = LinkOptionsOf(config);
  if (!link.ok()) return std::move(link).status();
  TRY(mqtt::CheckLink(*link).Within("broker"));
  if (!without_cert && !without_key) {
    auto tls = TlsOf(config);
    if (!tls.ok()) return std::move(tls).status();
    if (!tls->empty()) {
      auto loaded = http::ServerTls::Load("metrics", *std::move(tls));
      if (!loaded.ok()) return std::move(loaded).status();
    }
  }
  for (const SinkConfig& sink : config.sinks) {
    auto setup = SinkSetupOf(config, sink);
    if (!setup.ok()) return std::move(setup).status();
    TRY(CheckSink(*setup));
  }
  return unseen;
}

}  // namespace tillrelay::collector
