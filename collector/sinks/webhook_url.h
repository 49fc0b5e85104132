// What: where a webhook is sent, as settings give it: https://host[:port]/path?query, and the
//   address of an outbound proxy: http://host:port.
// Promise: whatever is not exactly one such address is refused. A path may be a secret: no message
//   repeats it.
// Thread: any (pure).
// Errors: invalid.
#pragma once

#include <string>

#include "common/base/status.h"

namespace tillrelay::collector {

struct WebhookUrl {
  bool tls = false;
  bool local = false;   // only this machine is reached
  std::string address;  // "https://host:port"
  std::string target;   // "/path?query"
  std::string shown;    // without the path, for people
};
Result<WebhookUrl> ParseWebhookUrl(const std::string& url);
// "host:port"
Result<std::string> ParseWebhookProxy(const std::string& url);

}  // namespace tillrelay::collector
