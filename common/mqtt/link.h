// What: one MQTT connection, as the sender and the collector see it: orders go in from one thread,
//   what happens comes out as a list of happenings.
// Promise: nothing is queued, persisted or resent behind our back: clean start, no automatic
//   reconnect. After kLost or kConnectFailed every order in flight is void.
// Thread: orders from the owner only, and each may block in a name lookup; `Deliver` is called on
//   the library's threads and must only push into a bounded inbox.
// Errors: an order that cannot even be handed over returns unavailable.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace tillrelay::mqtt {

enum class Protocol { kAuto, k5, k311 };

// "auto", "5" or "3.1.1".
inline Protocol ProtocolOf(std::string_view word) {
  return word == "5" ? Protocol::k5 : word == "3.1.1" ? Protocol::k311 : Protocol::kAuto;
}

struct LinkOptions {
  std::string url;    // as ParseBrokerUrl takes it
  std::string proxy;  // "http://user:password@host:port", user and password optional; empty: none
  std::string client_id;
  std::string username, password;
  std::string ca_file, cert_file, key_file;  // mqtts
  // kAuto: MQTT 5, and 3.1.1 only for a broker that has hung up on a CONNECT of 5, or refused the
  // version, twice in a row, and has never spoken 5 with this link.
  Protocol protocol = Protocol::kAuto;
  int keep_alive_s = 15;
  int connect_timeout_s = 10;  // of the first attempt; twice as long after each that took it all
  int max_in_flight = 1000;    // the library's own bound; ours lies below the broker's
  std::string will_topic, will_payload;
  std::string content_type, batch_content_type;  // of Publish with `event` or `batch`
};

enum class LinkEventType { kConnected, kConnectFailed, kLost, kSubscribed, kPublished, kMessage };

// kSilent: the connection stands, and no answer comes.
enum class FailureCause { kNone, kName, kTcp, kTls, kLogin, kRights, kTakeOver, kSilent, kOther };

struct LinkEvent {
  LinkEventType what = LinkEventType::kLost;
  // kConnected:
  uint32_t receive_maximum = 65535;
  uint32_t maximum_packet = 0;  // 0: no limit told
  bool gives_reasons = true;    // MQTT 5: a close and a refusal say why
  bool fell_back = false;       // MQTT 3.1.1, which nobody chose
  // kConnectFailed: the broker took the connection and would not speak MQTT 5
  bool version_refused = false;
  // kConnected: which of several brokers; else empty
  std::string broker;
  // kConnectFailed, kLost: another broker can be tried at once
  bool more = false;
  // kConnectFailed, kLost, kSubscribed, kPublished: MQTT reason code, 0 is good
  int reason_code = 0;
  FailureCause cause = FailureCause::kNone;
  std::string text;
  // kPublished: what Publish was given
  uint64_t token = 0;
  // kMessage:
  std::string topic, payload;
  bool retained = false;
};

struct PublishOrder {
  std::string_view topic;
  std::string_view payload;
  bool retained = false;
  bool event = false;  // with the events' content type
  uint64_t token = 0;
  bool batch = false;  // with the content type of batches
};

class Link {
 public:
  virtual ~Link() = default;
  virtual Status Connect() = 0;
  // Of the next connection.
  virtual void SetKeepAlive(int /*seconds*/) {}
  virtual Status Subscribe(const std::vector<std::string>& topics) = 0;
  virtual Status Publish(const PublishOrder& order) = 0;  // QoS 1
  // Ends the connection and waits at most `timeout_ms`. No kLost follows.
  virtual void Disconnect(int timeout_ms) = 0;
};

using Deliver = std::function<void(LinkEvent&&)>;

}  // namespace tillrelay::mqtt
