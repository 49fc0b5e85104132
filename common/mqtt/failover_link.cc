#include "common/mqtt/failover_link.h"

#include <pthread.h>

#include <utility>

#include "common/base/backoff.h"

namespace tillrelay::mqtt {
namespace {

constexpr int kLeaveMs = 500;

}  // namespace

Result<std::unique_ptr<Link>> FailoverLink::Make(Options options, Deliver deliver) {
  std::unique_ptr<FailoverLink> link(new FailoverLink(std::move(options), std::move(deliver)));
  for (size_t i = 0; i < link->options_.brokers.size(); ++i) {
    auto made = link->options_.brokers[i].make(
        [raw = link.get(), i](LinkEvent&& event) { raw->OnEvent(i, std::move(event)); });
    if (!made.ok()) return std::move(made).status();
    link->links_.push_back(*std::move(made));
  }
  link->watcher_ = std::thread([raw = link.get()] { raw->LookAtFirst(); });
  return std::unique_ptr<Link>(std::move(link));
}

FailoverLink::FailoverLink(Options options, Deliver deliver)
    : options_(std::move(options)), deliver_(std::move(deliver)) {}

FailoverLink::~FailoverLink() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (watcher_.joinable()) watcher_.join();
  links_.clear();  // before what their events touch
}

size_t FailoverLink::Choose() {
  const std::lock_guard lock(mutex_);
  const Instant now = options_.clock->Now();
  const bool lasted = connected_ && now - connected_at_ >= kStable;
  if (lasted && current_ == 0) returns_ = 0;
  const bool onward = begun_ && !lasted && !given_up_;
  current_ = onward ? (current_ + 1) % links_.size() : 0;
  begun_ = true;
  connected_ = given_up_ = false;
  return current_;
}

Status FailoverLink::Connect() {
  Status failure;
  for (size_t tries = 0; tries < links_.size(); ++tries) {
    const size_t chosen = Choose();
    for (size_t i = 0; i < links_.size(); ++i) {
      if (i != chosen) links_[i]->Disconnect(kLeaveMs);
    }
    failure = links_[chosen]->Connect();
    if (failure.ok()) return failure;
    failure = std::move(failure).Within(options_.brokers[chosen].url);
  }
  return failure;
}

void FailoverLink::OnEvent(size_t broker, LinkEvent&& event) {
  {
    const std::lock_guard lock(mutex_);
    if (broker != current_ || given_up_) return;  // of a connection that is none any more
    if (event.what == LinkEventType::kConnected) {
      connected_ = true;
      connected_at_ = options_.clock->Now();
      failed_ = 0;
      event.broker = options_.brokers[broker].url;
    } else if (event.what == LinkEventType::kConnectFailed) {
      event.more = ++failed_ % links_.size() != 0;
      event.text += " (" + options_.brokers[broker].url + ")";
    }
  }
  changed_.notify_all();
  deliver_(std::move(event));
}

void FailoverLink::LookAtFirst() {
  pthread_setname_np(pthread_self(), "failover");
  std::unique_lock lock(mutex_);
  const auto elsewhere = [this] { return connected_ && current_ != 0; };
  while (!stopping_) {
    if (!elsewhere()) {
      changed_.wait(lock);
      continue;
    }
    const Duration wait = Backoff(options_.first_look, Duration(kLastLook), returns_);
    if (changed_.wait_for(lock, wait, [&] { return stopping_ || !elsewhere(); })) continue;
    ++returns_;
    lock.unlock();
    const bool well = options_.well();
    lock.lock();
    if (!well || stopping_ || !elsewhere()) continue;
    given_up_ = true;
    connected_ = false;
    LinkEvent event;
    event.what = LinkEventType::kLost;
    event.cause = FailureCause::kNone;
    event.more = true;
    event.text = "returning to " + options_.brokers.front().url + ", which answers again";
    lock.unlock();
    deliver_(std::move(event));
    lock.lock();
  }
}

void FailoverLink::SetKeepAlive(int seconds) {
  for (const auto& link : links_) link->SetKeepAlive(seconds);
}

Status FailoverLink::Subscribe(const std::vector<std::string>& topics) {
  return links_[current_]->Subscribe(topics);
}

Status FailoverLink::Publish(const PublishOrder& order) { return links_[current_]->Publish(order); }

void FailoverLink::Disconnect(int timeout_ms) {
  for (const auto& link : links_) link->Disconnect(timeout_ms);
}

}  // namespace tillrelay::mqtt
