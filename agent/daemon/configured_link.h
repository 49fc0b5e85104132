// What: the broker's link as configured, made with the first order to connect that can make it.
// Promise: settings or files that cannot be used fail that one attempt, as an unreachable broker
//   does; whatever is put right meanwhile is used by the next attempt. Capture is not touched.
//   A TLS handshake that failed is made once more before the next attempt, by a client that can
//   tell whose certificate was refused, and why.
// Thread: the uplink's, which the repeated handshake holds up for at most five seconds; what the
//   link tells comes on its own threads.
// Errors: Connect gives invalid where a setting or a file that it names cannot be used.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/mutex.h"
#include "common/mqtt/link.h"

namespace tillrelay {

// Whether a broker with these options answers: its port, and its TLS where it has some. Through a
// proxy that cannot be told, and it is taken to. Waits for up to ten seconds.
bool Answers(const mqtt::LinkOptions& options);

class ConfiguredLink final : public mqtt::Link {
 public:
  using Options = std::function<Result<mqtt::LinkOptions>()>;
  using Make =
      std::function<Result<std::unique_ptr<mqtt::Link>>(const mqtt::LinkOptions&, mqtt::Deliver)>;
  ConfiguredLink(Options options, Make make, mqtt::Deliver deliver);

  Status Connect() override;
  void SetKeepAlive(int seconds) override;
  Status Subscribe(const std::vector<std::string>& topics) override;
  Status Publish(const mqtt::PublishOrder& order) override;
  void Disconnect(int timeout_ms) override;

 private:
  void Deliver(mqtt::LinkEvent&& event);
  void LookAtTls();

  const Options options_of_;
  const Make make_;
  const mqtt::Deliver deliver_;
  mqtt::LinkOptions options_;  // of the link that there is
  Mutex mutex_;
  // Guarded by mutex_:
  bool tls_failed_ GUARDED_BY(mutex_) = false;
  std::string tls_text_ GUARDED_BY(mutex_);  // why, in words
  int keep_alive_s_ = 0;                     // 0: the link's own
  std::unique_ptr<mqtt::Link> link_;
};

}  // namespace tillrelay
