// What: one sink as the configuration names it ([sink.NAME], docs/collector.md).
// Thread: immutable once read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tillrelay::collector {

inline constexpr size_t kMaxSinks = 16;  // a thread and a reading connection each

struct SinkConfig {
  std::string name, url, secret_file;
  std::string ca_file;                     // empty: the system's authorities
  std::string proxy;                       // http://host:port; empty: none
  std::vector<std::string> stores, kinds;  // none: all
  bool data = false;                       // the documents too, which say what was sold
  bool plain_http = false;                 // beyond loopback is meant
  int64_t batch = 50, timeout_s = 15;
};

}  // namespace tillrelay::collector
