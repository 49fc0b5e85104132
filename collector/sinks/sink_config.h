// What: one sink as the configuration names it ([sink.NAME], docs/collector.md).
// Thread: immutable once read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tillrelay::collector {

inline constexpr size_t kMaxSinks = 16;  // a thread and a reading connection each

struct SinkConfig {
  std::string name, url;    // https://.. of a webhook, or kafkas://..
  std::string secret_file;  // what signs for a webhook; the password of a login at Kafka
  std::string username;     // of a login at Kafka; empty: none
  std::string mechanism = "SCRAM-SHA-512";  // of that login
  std::string ca_file;                      // empty: the system's authorities
  std::string proxy;                        // http://host:port; empty: none
  std::vector<std::string> stores, kinds;   // none: all
  bool data = false;                        // the documents too, which say what was sold
  bool plain_http = false;                  // beyond loopback without TLS is meant
  int64_t batch = 50, timeout_s = 15;
};

}  // namespace tillrelay::collector
