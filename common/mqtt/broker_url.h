// What: a broker's address as settings give it: mqtt://host:port, mqtts://host:port, and through
//   WebSocket ws://host:port/path or wss://host:port/path.
// Promise: whatever is not exactly one such address is refused, with what to write instead.
// Thread: any (pure).
// Errors: invalid.
#pragma once

#include <string>

#include "common/base/status.h"

namespace tillrelay::mqtt {

struct BrokerUrl {
  bool tls = false;
  bool websocket = false;
  std::string host;  // without brackets
  std::string port;
  std::string path;  // of a WebSocket: "/mqtt"
};
Result<BrokerUrl> ParseBrokerUrl(const std::string& url);
// The proxy of broker.proxy: http://host:port.
Result<BrokerUrl> ParseProxyUrl(const std::string& url);
// "http://user:password@host:port", for the client library; without a user, without a login.
std::string ProxyWithLogin(const BrokerUrl& proxy, const std::string& user,
                           const std::string& password);
// "host:port", an IPv6 address in brackets.
std::string HostAndPort(const BrokerUrl& url);

}  // namespace tillrelay::mqtt
