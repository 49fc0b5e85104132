// A broker for one client: says yes to everything at once unless told otherwise, and remembers what
// was published. What happens is fetched with Take.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/mqtt/link.h"

namespace tillrelay::testing {

class FakeLink final : public mqtt::Link {
 public:
  struct Published {
    std::string topic, payload;
    bool retained = false;
  };

  Status Connect() override {
    ++connects;
    Happen(reachable ? mqtt::LinkEventType::kConnected : mqtt::LinkEventType::kConnectFailed);
    return Status::Ok();
  }
  Status Subscribe(const std::vector<std::string>& topics) override {
    subscribed = topics;
    for (size_t i = 0; i < topics.size(); ++i) {
      Happen(mqtt::LinkEventType::kSubscribed, subscription_code);
    }
    return Status::Ok();
  }
  Status Publish(const mqtt::PublishOrder& order) override {
    if (!publishes) return Unavailable("as the test wants it");
    published.push_back({std::string(order.topic), std::string(order.payload), order.retained});
    if (acknowledges) Happen(mqtt::LinkEventType::kPublished, 0, order.token);
    return Status::Ok();
  }
  void Disconnect(int) override { ++disconnects; }
  void SetKeepAlive(int seconds) override { keep_alive = seconds; }

  void Happen(mqtt::LinkEventType what, int code = 0, uint64_t token = 0) {
    mqtt::LinkEvent event;
    event.what = what;
    event.reason_code = code;
    event.token = token;
    event.text = "as the test wants it";
    event.receive_maximum = receive_maximum;
    event.maximum_packet = maximum_packet;
    happenings_.push_back(std::move(event));
  }
  std::vector<mqtt::LinkEvent> Take() { return std::exchange(happenings_, {}); }

  bool reachable = true, acknowledges = true, publishes = true;
  int subscription_code = 0;
  uint32_t receive_maximum = 20;
  uint32_t maximum_packet = 0;
  int connects = 0, disconnects = 0, keep_alive = 0;
  std::vector<std::string> subscribed;
  std::vector<Published> published;

 private:
  std::vector<mqtt::LinkEvent> happenings_;
};

}  // namespace tillrelay::testing
