// What: sends one message to a webhook and says what its answer means.
// Promise: signed anew at each try, with the time of that try. Redirects are not followed. Only a
//   2xx means that the message was taken.
// Thread: one; it waits for the answer, at most the deadline, or until `wake` becomes readable.
// Limits: of an answer 64 KiB are read.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "collector/sinks/webhook_url.h"
#include "common/base/clock.h"
#include "common/http/client.h"

namespace tillrelay::collector {

struct WebhookMessage {
  std::string id, body;  // the same at each try
};

struct WebhookAnswer {
  enum class Meaning {
    kTaken,
    kLater,    // the same again works, perhaps
    kRefused,  // this message, or everything
    kGone,     // nobody wants any
  };
  Meaning meaning = Meaning::kLater;
  std::string text;                     // of what was not taken
  std::chrono::seconds retry_after{0};  // as the receiver asks
};
WebhookAnswer MeaningOf(const http::ClientResponse& response);

struct WebhookSettings {
  WebhookUrl url;
  std::vector<std::string> keys;
  std::string ca_file, proxy;  // proxy: "host:port"
  std::chrono::seconds deadline{15};
  int wake = -1;
};

class Webhook {
 public:
  Webhook(WebhookSettings settings, const Clock* clock);
  WebhookAnswer Send(const WebhookMessage& message);

 private:
  const WebhookSettings settings_;
  const Clock& clock_;
  http::Client client_;
};

}  // namespace tillrelay::collector
