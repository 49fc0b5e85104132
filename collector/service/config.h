// What: the collector's configuration as values: TOML text -> Config.
// Promise: a Config exists only when every key was known and every value usable.
// Thread: immutable once read.
// Errors: invalid, a line per mistake with file, line and column; not found or unavailable when a
//   file cannot be read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "collector/fleet/thresholds.h"
#include "collector/sinks/sink_config.h"
#include "common/base/status.h"
#include "common/wire/topics.h"

namespace tillrelay::collector {

struct Config {
  struct {
    std::string url;  // mqtt:// or mqtts://, required
    std::string protocol = "auto";
    std::string username, password_file;
    std::string ca_file, cert_file, key_file;
  } broker;
  // "sqlite:PATH" or "postgresql://..."
  std::string database = "sqlite:/var/lib/tillrelay-collector/central.db";
  int64_t retention_days = 0;  // of events; 0: for ever, else at least 400
  std::string topic_prefix{wire::kDefaultPrefix};
  std::string shared_group;      // empty: a plain subscription
  std::string signing_key_file;  // of confirmations; empty: they are not signed
  int64_t instance = 1;          // the number in the client id, of several on one host
  std::string metrics_listen;    // empty: none
  std::string token_file;        // what the page and the API ask for; none on loopback
  struct Token {
    std::string name, file;
    std::vector<std::string> scopes;
    int64_t per_minute = 600;
  };
  std::vector<Token> tokens;  // further ones, each for its scopes
  std::vector<std::string> allowed_hosts;
  std::string tls_cert_file, tls_key_file;  // of the page and the API; empty: plain HTTP
  bool behind_proxy = false;                // which encrypts: plain HTTP beyond loopback is meant
  std::vector<std::string> expected_stores;
  int64_t silent_after_s = 180;  // a store whose status is older is in trouble
  Thresholds thresholds;         // of exceptions
  std::vector<SinkConfig> sinks;
};

// `name` is how messages call the text.
Result<Config> ParseConfig(std::string_view text, const std::string& name);
Result<Config> ReadConfig(const std::string& path);

// What the collector subscribes to. Only `events` may be shared among collectors: each of them
// needs every status and reply.
std::vector<std::string> Subscriptions(const Config& config);

}  // namespace tillrelay::collector
