#include "tests/sim/broker.h"

#include <algorithm>
#include <utility>

namespace tillrelay::sim {
namespace {

using mqtt::LinkEventType;
using std::chrono::milliseconds;

mqtt::LinkEvent Told(LinkEventType what, mqtt::FailureCause cause = mqtt::FailureCause::kNone) {
  mqtt::LinkEvent event;
  event.what = what;
  event.cause = cause;
  event.text = "as the simulation wants it";
  event.receive_maximum = 40;
  return event;
}

// "a/+/c" against "a/b/c".
bool Matches(std::string_view filter, std::string_view topic) {
  const size_t plus = filter.find('+');
  if (plus == std::string_view::npos) return filter == topic;
  const std::string_view tail = filter.substr(plus + 1);
  return topic.size() > plus + tail.size() && topic.starts_with(filter.substr(0, plus)) &&
         topic.ends_with(tail) &&
         topic.substr(plus, topic.size() - plus - tail.size()).find('/') == std::string_view::npos;
}

}  // namespace

Duration Broker::Delay() {
  Duration delay = milliseconds(1 + random_.Below(40));
  if (random_.Chance(faults.reorders)) delay += milliseconds(random_.Below(20'000));
  return delay;
}

void Broker::Connect(SimLink* link) {
  ++connects;
  if (const auto old = clients_.find(link->client_id_); old != clients_.end()) {
    SimLink* older = old->second;
    clients_.erase(old);
    if (older != link) Drop(older, mqtt::FailureCause::kTakeOver);
  }
  if (!up) return link->Later(milliseconds(50), Told(LinkEventType::kConnectFailed));
  clients_[link->client_id_] = link;
  link->connected_ = true;
  link->subscribed_.clear();
  link->free_at_ = {};
  mqtt::LinkEvent connected = Told(LinkEventType::kConnected);
  const bool store = !link->will_topic.empty();
  if (store && tells_limit) connected.maximum_packet = static_cast<uint32_t>(limit);
  link->Later(Delay(), std::move(connected));
}

void Broker::Drop(SimLink* link, mqtt::FailureCause cause) {
  if (!link->connected_) return;
  link->connected_ = false;
  ++*link->epoch_;
  const auto found = clients_.find(link->client_id_);
  if (found != clients_.end() && found->second == link) clients_.erase(found);
  link->Later(milliseconds(1), Told(LinkEventType::kLost, cause));
  if (!link->will_topic.empty()) Deliver(link->will_topic, link->will_payload, true);
}

void Broker::Publish(SimLink* link, const mqtt::PublishOrder& order) {
  ++messages;
  bytes += order.payload.size();
  Message message{std::string(order.topic), std::string(order.payload), order.retained,
                  order.token};
  if (faults.bytes_per_s <= 0) return Arrive(link, message);
  const double takes_s = static_cast<double>(message.payload.size()) / faults.bytes_per_s;
  link->free_at_ =
      std::max(link->free_at_, timeline_.now()) + Duration(static_cast<int64_t>(takes_s * 1e9));
  // What is on a line that breaks never arrives.
  timeline_.After(link->free_at_ - timeline_.now(),
                  [this, link, epoch = link->epoch_, was = *link->epoch_, message] {
                    if (*epoch == was) Arrive(link, message);
                  });
}

void Broker::Arrive(SimLink* link, const Message& message) {
  if (random_.Chance(faults.breaks)) {
    const bool arrives = random_.Chance(0.5);
    if (arrives) Deliver(message.topic, message.payload, message.retained);
    return Drop(link, mqtt::FailureCause::kOther);
  }
  mqtt::LinkEvent acked = Told(LinkEventType::kPublished);
  acked.token = message.token;
  if (limit > 0 && message.payload.size() > limit && message.topic.ends_with("/events")) {
    acked.reason_code = 0x95;
    return link->Later(Delay(), std::move(acked));
  }
  // Statuses and confirmations are lost as well as events.
  const bool unheard = no_commands && message.topic.ends_with("/command");
  const bool lost = unheard || random_.Chance(faults.loses);
  if (!lost) {
    const int copies = random_.Chance(faults.duplicates) ? 2 : 1;
    for (int i = 0; i < copies; ++i) Deliver(message.topic, message.payload, message.retained);
  }
  if (faults.never_acks || random_.Chance(faults.loses_acks)) return;
  link->Later(Delay(), std::move(acked));
}

void Broker::Deliver(const std::string& topic, const std::string& payload, bool retained) {
  if (retained) retained_[topic] = payload;
  for (auto& [id, client] : clients_) {
    if (!client->Wants(topic)) continue;
    mqtt::LinkEvent message = Told(LinkEventType::kMessage);
    message.topic = topic;
    message.payload = payload;
    client->Later(Delay(), std::move(message));
  }
}

void Broker::Crash() {
  retained_ = saved_;
  EndConnections();
}

void Broker::EndConnections() {
  const auto clients = clients_;
  for (const auto& [id, client] : clients) Drop(client, mqtt::FailureCause::kOther);
}

SimLink::SimLink(Broker* broker, std::string client_id, Handler handler)
    : broker_(*broker), client_id_(std::move(client_id)), handler_(std::move(handler)) {}

SimLink::~SimLink() {
  Disconnect(0);
  *epoch_ = UINT64_MAX;
}

void SimLink::Later(Duration delay, mqtt::LinkEvent event) {
  broker_.timeline_.After(
      delay, [this, epoch = epoch_, was = *epoch_, event = std::move(event)]() mutable {
        if (*epoch == was) handler_(std::move(event));
      });
}

Status SimLink::Connect() {
  ++*epoch_;
  broker_.Connect(this);
  return Status::Ok();
}

Status SimLink::Subscribe(const std::vector<std::string>& topics) {
  if (!connected_) return Unavailable("not connected");
  for (const std::string& topic : topics) {
    subscribed_.push_back(topic);
    Later(milliseconds(5), Told(LinkEventType::kSubscribed));
    for (const auto& [name, payload] : broker_.retained_) {
      if (!Matches(topic, name)) continue;
      mqtt::LinkEvent message = Told(LinkEventType::kMessage);
      message.topic = name;
      message.payload = payload;
      message.retained = true;
      Later(milliseconds(6), std::move(message));
    }
  }
  return Status::Ok();
}

Status SimLink::Publish(const mqtt::PublishOrder& order) {
  if (!connected_) return Unavailable("not connected");
  broker_.Publish(this, order);
  return Status::Ok();
}

void SimLink::Disconnect(int) {
  ++*epoch_;
  const auto found = broker_.clients_.find(client_id_);
  if (found != broker_.clients_.end() && found->second == this) broker_.clients_.erase(found);
  connected_ = false;
}

bool SimLink::Wants(const std::string& topic) const {
  for (const std::string& filter : subscribed_) {
    if (Matches(filter, topic)) return true;
  }
  return false;
}

}  // namespace tillrelay::sim
