#include "collector/service/connection.h"

#include <algorithm>

namespace tillrelay::collector {

using mqtt::LinkEventType;

bool Connection::Handle(const mqtt::LinkEvent& event, Instant now) {
  switch (event.what) {
    case LinkEventType::kConnected:
      Connected(event, now);
      return false;
    case LinkEventType::kSubscribed:
      return Subscribed(event, now);
    case LinkEventType::kPublished:
      Published(event, now);
      return false;
    case LinkEventType::kConnectFailed:
    case LinkEventType::kLost:
      if (state_ != State::kIdle) Lose(event.text, now);
      return false;
    case LinkEventType::kMessage:
      return false;
  }
  return false;
}

void Connection::Connected(const mqtt::LinkEvent& event, Instant now) {
  if (state_ != State::kConnecting) return;
  state_ = State::kSubscribing;
  since_ = now;
  maximum_packet_ = event.maximum_packet;
  subscribed_ = 0;
  // One below the broker's limit: at the limit itself the client library stalls.
  const uint32_t limit = event.receive_maximum;
  window_ = std::clamp<uint32_t>(limit > 1 ? limit - 1 : 1, 1, kMostInFlight);
  if (Status asked = link_.Subscribe(topics_); !asked.ok()) {
    link_.Disconnect(0);
    Lose(asked.message(), now);
  }
}

bool Connection::Subscribed(const mqtt::LinkEvent& event, Instant now) {
  if (state_ != State::kSubscribing) return false;
  if (event.reason_code != 0) {
    link_.Disconnect(0);
    Lose(event.text, now);
    return false;
  }
  if (++subscribed_ < topics_.size()) return false;
  line_.RoundTrip(now - since_);
  ExtendKeepAlive(line_.KeepAlive());
  state_ = State::kUp;
  since_ = now;
  log::Info("collector", "connected to the broker and subscribed");
  return true;
}

void Connection::Published(const mqtt::LinkEvent& event, Instant now) {
  const auto found = flights_.find(event.token);
  if (state_ != State::kUp || found == flights_.end()) return;
  const Flight flight = found->second;
  line_.Acked(flight.bytes, bytes_, flight.sent, now);
  bytes_ -= flight.bytes;
  if (flight.bytes > mqtt::LineBudget::kLarge) large_ -= flight.bytes;
  flights_.erase(found);
  moved_at_ = now;
  if (event.reason_code >= 0x80) log::Warning("collector", "{}", event.text);
}

void Connection::Tick(Instant now) {
  if (state_ == State::kUp && !flights_.empty() && now >= AckDeadline()) {
    link_.Disconnect(0);
    Lose("the broker acknowledges nothing", now);
  }
  const bool starting = state_ == State::kConnecting || state_ == State::kSubscribing;
  if (starting && now >= since_ + mqtt::LineBudget::kConnectTimeout) {
    link_.Disconnect(0);
    Lose("the broker does not answer", now);
  }
  if (state_ != State::kIdle || now < retry_at_) return;
  state_ = State::kConnecting;
  since_ = now;
  link_.SetKeepAlive(static_cast<int>(keep_alive_.count()));
  if (Status started = link_.Connect(); !started.ok()) Lose(started.message(), now);
}

// For the next connection: each is told its keep-alive when it begins.
void Connection::ExtendKeepAlive(Duration needed) {
  const auto whole = std::chrono::ceil<std::chrono::seconds>(needed);
  keep_alive_ = std::clamp(whole, keep_alive_, kMostKeepAlive);
}

// What a connection that ends says of the next one's line: a ping queues behind what is on its way.
void Connection::LearnLine(Instant now) {
  if (state_ != State::kUp) return;
  if (!flights_.empty()) {
    ExtendKeepAlive(kKeepAlive + std::chrono::seconds(2 * bytes_ / line_.least_rate()));
  }
  const bool stood = !flights_.empty() && now - moved_at_ >= line_.LeastPatience();
  line_.Restart(stood ? large_ : 0);
}

size_t Connection::RoomFor(std::string_view topic) const {
  constexpr size_t kHead = 64;  // of a PUBLISH, without its topic
  if (maximum_packet_ == 0) return 0;
  const size_t head = kHead + topic.size();
  return maximum_packet_ > head ? maximum_packet_ - head : 1;
}

// One that is too large for the broker would end the connection, again and again; it is left out.
Status Connection::Publish(const mqtt::PublishOrder& order, Instant now) {
  if (!up()) return Unavailable("not connected");
  const size_t room = RoomFor(order.topic);
  if (room > 0 && order.payload.size() > room) {
    too_large_.Report(fmt::format("a message of {} bytes on {} is larger than the broker takes; it "
                                  "is not sent",
                                  order.payload.size(), order.topic),
                      now);
    return Status::Ok();
  }
  if (!has_room()) return Full("the window to the broker is full");
  mqtt::PublishOrder mine = order;
  mine.token = ++token_;
  if (Status handed = link_.Publish(mine); !handed.ok()) {
    link_.Disconnect(0);
    Lose(handed.message(), now);
    return handed;
  }
  if (flights_.empty()) moved_at_ = now;
  flights_.emplace(token_, Flight{order.payload.size(), now});
  bytes_ += order.payload.size();
  if (order.payload.size() > mqtt::LineBudget::kLarge) large_ += order.payload.size();
  return Status::Ok();
}

void Connection::Lose(std::string_view why, Instant now) {
  if (state_ == State::kUp && now - since_ >= kStable) failures_ = 0;
  LearnLine(now);
  state_ = State::kIdle;
  flights_.clear();
  bytes_ = large_ = 0;
  const auto ceiling = std::min<Duration>(kLeastPause * (1 << std::min(failures_, 10)), kMostPause);
  ++failures_;
  const double share = random_.Unit();
  const auto spread = static_cast<double>((ceiling - kLeastPause).count()) * share;
  retry_at_ = now + kLeastPause + Duration(static_cast<int64_t>(spread));
  lost_.Report(fmt::format("no connection to the broker: {}", why), now);
}

std::optional<Instant> Connection::NextDeadline() const {
  switch (state_) {
    case State::kIdle:
      return retry_at_;
    case State::kConnecting:
    case State::kSubscribing:
      return since_ + mqtt::LineBudget::kConnectTimeout;
    case State::kUp:
      if (!flights_.empty()) return AckDeadline();
      return std::nullopt;
  }
  return std::nullopt;
}

void Connection::Close() {
  if (state_ != State::kIdle) link_.Disconnect(1000);
  state_ = State::kIdle;
}

}  // namespace tillrelay::collector
