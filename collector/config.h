// What: the collector's configuration as values: TOML text -> Config.
// Promise: a Config exists only when every key was known and every value usable.
// Thread: immutable once read.
// Errors: invalid, a line per mistake with file, line and column; not found or unavailable when a
//   file cannot be read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "common/wire/topics.h"

namespace tillrelay::collector {

struct Config {
  struct {
    std::string url;  // mqtt:// or mqtts://, required
    std::string username, password_file;
    std::string ca_file, cert_file, key_file;
  } broker;
  // [store] url = "sqlite:PATH": the path
  std::string database = "/var/lib/tillrelay-collector/central.db";
  std::string topic_prefix{wire::kDefaultPrefix};
  std::string shared_group;    // empty: a plain subscription
  std::string metrics_listen;  // empty: none
};

// `name` is how messages call the text.
Result<Config> ParseConfig(std::string_view text, const std::string& name);
Result<Config> ReadConfig(const std::string& path);

// What the collector subscribes to. Only `events` may be shared among collectors: each of them
// needs every status and reply.
std::vector<std::string> Subscriptions(const Config& config);

}  // namespace tillrelay::collector
