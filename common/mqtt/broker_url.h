// What: a broker's address as settings give it: mqtt://host:port or mqtts://host:port.
// Promise: whatever is not exactly one such address is refused, with what to write instead.
// Thread: any (pure).
// Errors: invalid.
#pragma once

#include <string>

#include "common/base/status.h"

namespace tillrelay::mqtt {

struct BrokerUrl {
  bool tls = false;
  std::string host;  // without brackets
  std::string port;
};
Result<BrokerUrl> ParseBrokerUrl(const std::string& url);

}  // namespace tillrelay::mqtt
