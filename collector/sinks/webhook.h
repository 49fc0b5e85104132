// What: sends one message to a webhook and says what its answer means.
// Promise: signed anew at each try, with the time of that try. Redirects are not followed. Only a
//   2xx means that the message was taken.
// Thread: one; it waits for the answer, at most the deadline, or until `wake` becomes readable.
// Limits: of an answer 64 KiB are read.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "collector/sinks/transport.h"
#include "collector/sinks/webhook_url.h"
#include "common/base/clock.h"
#include "common/http/client.h"

namespace tillrelay::collector {

SinkAnswer MeaningOf(const http::ClientResponse& response);

struct WebhookSettings {
  WebhookUrl url;
  std::vector<std::string> keys;
  std::string ca_file, proxy;  // proxy: "host:port"
  std::chrono::seconds deadline{15};
  int wake = -1;
};

class Webhook : public Transport {
 public:
  Webhook(WebhookSettings settings, const Clock* clock);
  SinkAnswer Send(const SinkMessage& message) override;

 private:
  const WebhookSettings settings_;
  const Clock& clock_;
  http::Client client_;
};

}  // namespace tillrelay::collector
