// Plays many stores over one MQTT connection: numbers, chains and messages are those of real
// agents, the documents are small sales. Ends when every event of every store is confirmed with its
// chain.
//   play_stores URL STORES EVENTS SUMS-FILE PATIENCE-SECONDS
// What is not confirmed is sent again after a lost connection, on a replay command, and after 10 s
// without progress. The file receives "store item quantity" of what was sold.
#include <fmt/core.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>

#include "common/base/inbox.h"
#include "common/base/log.h"
#include "common/base/random.h"
#include "common/mqtt/paho_link.h"
#include "common/wire/control.h"
#include "common/wire/ulid.h"
#include "tests/support/event_source.h"

namespace tillrelay {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Sent;

constexpr uint32_t kWindow = 100;
constexpr seconds kStall{10}, kStatusEvery{5};
constexpr int kItems = 40;

struct Shop {
  std::unique_ptr<testing::EventSource> source;
  std::string topic_base;
  std::vector<Sent> sent;
  uint64_t next = 1, confirmed = 0;  // numbers
  std::vector<wire::Range> replays;
};

class Player {
 public:
  Player(const std::string& url, size_t stores, size_t events) : total_(stores * events) {
    mqtt::LinkOptions options;
    options.url = url;
    options.client_id = "player";
    link_ = mqtt::MakePahoLink(options, [this](mqtt::LinkEvent&& event) {
              inbox_.Push(std::move(event));
            }).value();
    for (size_t i = 0; i < stores; ++i) {
      const std::string name = fmt::format("{:04}", i + 1);
      Shop& shop = shops_[name];
      shop.source = std::make_unique<testing::EventSource>(name, wire::NewUlid({}, &random_));
      shop.topic_base = "tillrelay/v1/" + name + "/";
      for (size_t n = 0; n < events; ++n) {
        const std::string item = "sku" + std::to_string(n * 7 % kItems);
        const int quantity = 1 + static_cast<int>((n + i) % 5);
        shop.sent.push_back(shop.source->Sale(item, std::to_string(quantity)));
        sums_[name + " " + item] -= quantity;
      }
    }
  }

  void WriteSums(const std::string& path) const {
    std::ofstream file(path);
    for (const auto& [cell, quantity] : sums_) file << cell << " " << quantity << "\n";
  }

  bool Run(seconds patience) {
    const Instant end = clock_.Now() + patience;
    moved_at_ = clock_.Now();
    while (confirmed_ < total_ && clock_.Now() < end) {
      Tick();
      for (mqtt::LinkEvent& event : inbox_.PopAll(milliseconds(100))) Handle(&event);
    }
    fmt::print("confirmed {} of {}, {} messages sent, {} replays, {} connections\n", confirmed_,
               total_, published_, replays_, connections_);
    link_->Disconnect(1000);
    return confirmed_ == total_;
  }

 private:
  void Tick() {
    const Instant now = clock_.Now();
    if (!up_ && now >= connect_at_) {
      connect_at_ = now + seconds(2);
      ++connections_;
      (void)link_->Connect();
    }
    if (!up_) return;
    if (now >= moved_at_ + kStall) {
      moved_at_ = now;
      for (auto& [name, shop] : shops_) shop.next = shop.confirmed + 1;
    }
    if (now >= status_at_) SendStatus(now);
    Fill();
  }

  void SendStatus(Instant now) {
    status_at_ = now + kStatusEvery;
    for (auto& [name, shop] : shops_) {
      wire::StreamState s;
      s.stream = shop.source->stream();
      s.head = shop.sent.size();
      s.chain = shop.source->chain();
      s.sent_through = shop.next - 1;
      s.confirmed_through = shop.confirmed;
      Publish(
          shop.topic_base + "status",
          fmt::format(R"({{"v":1,"state":"online","store_id":"{}","session":"{}","streams":{}}})",
                      name, kSession, wire::WriteStreams({s})),
          true);
    }
  }

  // In turn over the stores, so that every group of the collectors holds many of them.
  void Fill() {
    bool any = true;
    while (any && in_flight_ < window_) {
      any = false;
      for (auto& [name, shop] : shops_) {
        if (in_flight_ >= window_) return;
        any = SendOne(&shop) || any;
      }
    }
  }

  bool SendOne(Shop* shop) {
    uint64_t number = 0;
    if (!shop->replays.empty()) {
      wire::Range& range = shop->replays.front();
      number = range.first++;
      if (range.first > range.last) shop->replays.erase(shop->replays.begin());
    } else if (shop->next <= shop->sent.size()) {
      number = shop->next++;
    } else {
      return false;
    }
    Publish(shop->topic_base + "events", shop->sent[number - 1].payload, false);
    return true;
  }

  void Publish(const std::string& topic, const std::string& payload, bool retained) {
    mqtt::PublishOrder order;
    order.topic = topic;
    order.payload = payload;
    order.retained = retained;
    if (!link_->Publish(order).ok()) return;
    ++in_flight_;
    ++published_;
  }

  void Handle(mqtt::LinkEvent* event) {
    switch (event->what) {
      case mqtt::LinkEventType::kConnected:
        window_ = std::min(kWindow, event->receive_maximum - 1);
        (void)link_->Subscribe({"tillrelay/v1/+/confirm", "tillrelay/v1/+/command"});
        return;
      case mqtt::LinkEventType::kSubscribed:
        up_ = true;
        return;
      case mqtt::LinkEventType::kPublished:
        if (in_flight_ > 0) --in_flight_;
        return;
      case mqtt::LinkEventType::kConnectFailed:
      case mqtt::LinkEventType::kLost:
        up_ = false;
        in_flight_ = 0;
        for (auto& [name, shop] : shops_) shop.next = shop.confirmed + 1;
        return;
      case mqtt::LinkEventType::kMessage:
        return Message(event);
    }
  }

  void Message(mqtt::LinkEvent* event) {
    const auto [store, leaf] = wire::SplitTopic(wire::kDefaultPrefix, event->topic);
    const auto shop = shops_.find(std::string(store));
    auto value = parser_.Parse(event->payload);
    if (shop == shops_.end() || !value.ok()) return;
    if (leaf == "confirm") return Confirmed(&shop->second, *value);
    auto command = wire::ReadCommand(*value);
    if (!command.ok() || command->range.last > shop->second.sent.size()) return;
    ++replays_;
    shop->second.replays.push_back(command->range);
    wire::Reply reply;
    reply.command_id = command->command_id;
    reply.state = "done";
    Publish(shop->second.topic_base + "reply", wire::WriteReply(reply), false);
  }

  void Confirmed(Shop* shop, JsonValue value) {
    auto confirm = wire::ReadConfirm(value);
    if (!confirm.ok()) return;
    for (const wire::StreamConfirm& s : confirm->streams) {
      const bool news = s.stream == shop->source->stream() && s.through > shop->confirmed &&
                        s.through <= shop->sent.size() &&
                        s.chain == shop->sent[s.through - 1].chain;
      if (!news) continue;
      confirmed_ += s.through - shop->confirmed;
      shop->confirmed = s.through;
      shop->next = std::max(shop->next, s.through + 1);
      moved_at_ = clock_.Now();
    }
  }

  static constexpr const char* kSession = "01JD3V7Q8Z5W6K2M9T4RHXSESS";
  const size_t total_;
  SystemClock clock_;
  SystemRandom random_;
  Inbox<mqtt::LinkEvent> inbox_{1'000'000, 1'000'000'000};
  std::unique_ptr<mqtt::Link> link_;
  std::map<std::string, Shop> shops_;
  std::map<std::string, int64_t> sums_;
  JsonParser parser_;
  bool up_ = false;
  uint32_t window_ = 19, in_flight_ = 0;
  Instant connect_at_{}, status_at_{}, moved_at_{};
  uint64_t confirmed_ = 0, published_ = 0, replays_ = 0, connections_ = 0;
};

}  // namespace
}  // namespace tillrelay

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  tillrelay::log::Setup(tillrelay::log::Level::kWarning, nullptr);
  tillrelay::Player player(argv[1], static_cast<size_t>(std::atoi(argv[2])),
                           static_cast<size_t>(std::atoi(argv[3])));
  player.WriteSums(argv[4]);
  return player.Run(std::chrono::seconds(std::atoi(argv[5]))) ? 0 : 1;
}
