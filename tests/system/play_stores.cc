// Plays many stores over one MQTT connection: numbers, chains and messages are those of real
// agents, the documents are small sales. Ends when every event of every store is confirmed with its
// chain.
//   play_stores URL STORES EVENTS SUMS-FILE PATIENCE-SECONDS [rate=EVENTS-PER-SECOND]
//   [status=SECONDS]
//               [begin=FILE] [holes=EVERY] [fill=FILE]
// What is not confirmed is sent again after a lost connection, on a replay command, and after 10 s
// without progress. The file receives "store item quantity" of what was sold.
// rate: the documents are counts, shipments and sales of two lines as well, a centre that confirms
//   less than before is sent that again, and then the stores come in another order. The file is of
//   no use, and SUMS-FILE.over has to be there for the end.
// status: every store says every so often how it is (5), spread over that time.
// begin: until this file is there the stores are idle and have nothing.
// holes, fill: each EVERY-th store leaves out the event in the middle until that file is there.
#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <random>

#include "common/base/inbox.h"
#include "common/base/log.h"
#include "common/base/random.h"
#include "common/mqtt/paho_link.h"
#include "common/wire/control.h"
#include "common/wire/ulid.h"
#include "tests/support/event_source.h"
#include "tests/support/status_streams.h"

namespace tillrelay {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Sent;

constexpr uint32_t kWindow = 100;
constexpr seconds kStall{10};
constexpr int kItems = 40;

struct Options {
  int per_second = 0;  // 0: as fast as it goes, sales only
  seconds status{5};
  std::string begin, fill;
  size_t holes = 0;  // each so many stores; 0: none
};

struct Shop {
  std::unique_ptr<testing::EventSource> source;
  std::string topic_base;
  std::vector<Sent> sent;
  uint64_t next = 1, confirmed = 0, hole = 0;  // numbers
  Instant status_at{};
  std::vector<wire::Range> replays;
};

class Player {
 public:
  Player(const std::string& url, size_t stores, size_t events, Options play)
      : total_(stores * events), play_(std::move(play)), per_second_(play_.per_second) {
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
      in_turn_.push_back(&shop);
      shop.status_at = clock_.Now() + play_.status * i / stores;
      if (play_.holes > 0 && i % play_.holes == 0) shop.hole = events / 2;
      if (per_second_ > 0) {
        Mixed(&shop, events, fmt::format("{:04}", (i + 1) % stores + 1));
        continue;
      }
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

  // `over`: the file whose presence says that no centre will be set back any more.
  bool Run(seconds patience, const std::string& over) {
    const Instant end = clock_.Now() + patience;
    moved_at_ = clock_.Now();
    const auto goes_on = [&] {
      return confirmed_ < total_ || (per_second_ > 0 && !std::ifstream(over).good());
    };
    while (goes_on() && clock_.Now() < end) {
      Tick();
      for (mqtt::LinkEvent& event : inbox_.PopAll(milliseconds(100))) Handle(&event);
    }
    fmt::print("confirmed {} of {}, {} messages sent, {} replays, {} connections\n", confirmed_,
               total_, published_, replays_, connections_);
    link_->Disconnect(1000);
    return confirmed_ == total_;
  }

 private:
  // Counts come before and behind what they have seen.
  static void Mixed(Shop* shop, size_t events, const std::string& other) {
    for (size_t n = 0; n < events; ++n) {
      const std::string item = "sku" + std::to_string(n * 7 % kItems);
      const int minute = static_cast<int>(n * 37 % 600);
      if (n % 10 == 3) {
        shop->sent.push_back(shop->source->Count(item, std::to_string(n % 100), minute));
      } else if (n % 17 == 5) {
        shop->sent.push_back(shop->source->Ship("TR-" + std::to_string(n), other, "2"));
      } else if (n % 11 == 7) {
        shop->sent.push_back(shop->source->SendOdd(TwoLines(item, n)));
      } else {
        shop->sent.push_back(shop->source->Sale(item, "1.5", minute));
      }
    }
  }
  static testing::EventSource::Odd TwoLines(const std::string& item, size_t n) {
    const std::string line =
        fmt::format(R"({{"item":{{"sku":"{}"}},"uom":"EA","quantity":"1","net_amount":"2.5",)"
                    R"("stock_effect":[{{"bucket":"on_hand","delta":"-1"}}]}})",
                    item);
    testing::EventSource::Odd odd;
    odd.data = fmt::format(
        R"({{"transaction":{{"register_id":"04","business_day":"2026-11-21",)"
        R"("transaction_no":"{}","status":"completed"}},"currency":"EUR","lines":[{},{}],)"
        R"("tenders":[{{"type":"cash","amount":"5"}}],)"
        R"("taxes":[{{"rate":"19","base":"4.2","amount":"0.8"}}]}})",
        n, line, line);
    return odd;
  }

  bool MaySend() {
    if (per_second_ == 0) return true;
    const Instant now = clock_.Now();
    const auto passed = std::chrono::duration<double>(now - allowed_at_).count();
    allowed_ = std::min(per_second_ / 4.0, allowed_ + passed * per_second_);
    allowed_at_ = now;
    if (allowed_ < 1) return false;
    allowed_ -= 1;
    return true;
  }

  static bool Exists(const std::string& file) { return std::ifstream(file).good(); }

  void Tick() {
    const Instant now = clock_.Now();
    begun_ = begun_ || play_.begin.empty() || Exists(play_.begin);
    filled_ = filled_ || play_.fill.empty() || Exists(play_.fill);
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
    SendStatus(now);
    if (begun_) Fill();
  }

  void SendStatus(Instant now) {
    for (auto& [name, shop] : shops_) {
      if (now < shop.status_at) continue;
      shop.status_at = std::max(shop.status_at + play_.status, now);
      wire::StreamState s;
      s.stream = shop.source->stream();
      s.chain = wire::FirstChain(name, s.stream);
      if (begun_ && !shop.sent.empty()) {
        s.head = shop.sent.size();
        s.chain = shop.source->chain();
      }
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
      for (Shop* shop : in_turn_) {
        if (in_flight_ >= window_) return;
        any = SendOne(shop) || any;
      }
    }
  }

  bool SendOne(Shop* shop) {
    uint64_t number = 0;
    const bool none = shop->replays.empty() && shop->next > shop->sent.size();
    if (none || !MaySend()) return false;
    if (!shop->replays.empty()) {
      wire::Range& range = shop->replays.front();
      number = range.first++;
      if (range.first > range.last) shop->replays.erase(shop->replays.begin());
    } else {
      number = shop->next++;
    }
    if (number == shop->hole && !filled_) return true;
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
      Lower(shop, s);
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

  // The centre was set back.
  void Lower(Shop* shop, const wire::StreamConfirm& s) {
    const bool less = per_second_ > 0 && s.stream == shop->source->stream() && s.through > 0 &&
                      s.through < shop->confirmed && s.chain == shop->sent[s.through - 1].chain;
    if (!less) return;
    confirmed_ -= shop->confirmed - s.through;
    shop->confirmed = s.through;
    shop->next = s.through + 1;
    std::shuffle(in_turn_.begin(), in_turn_.end(), order_);
  }

  static constexpr const char* kSession = "01JD3V7Q8Z5W6K2M9T4RHXSESS";
  const size_t total_;
  const Options play_;
  const int per_second_;
  SystemClock clock_;
  SystemRandom random_;
  Inbox<mqtt::LinkEvent> inbox_{1'000'000, 1'000'000'000};
  std::unique_ptr<mqtt::Link> link_;
  std::map<std::string, Shop> shops_;
  std::vector<Shop*> in_turn_;
  std::mt19937 order_{1};
  double allowed_ = 0;
  Instant allowed_at_{};
  std::map<std::string, int64_t> sums_;
  JsonParser parser_;
  bool up_ = false, begun_ = false, filled_ = false;
  uint32_t window_ = 19, in_flight_ = 0;
  Instant connect_at_{}, moved_at_{};
  uint64_t confirmed_ = 0, published_ = 0, replays_ = 0, connections_ = 0;
};

// False: a word that it does not know.
bool Read(std::string_view argument, Options* play) {
  const size_t end = argument.find('=');
  if (end == std::string_view::npos) return false;
  const std::string_view name = argument.substr(0, end);
  const std::string value(argument.substr(end + 1));
  if (name == "rate") {
    play->per_second = std::atoi(value.c_str());
  } else if (name == "status") {
    play->status = seconds(std::atoi(value.c_str()));
  } else if (name == "holes") {
    play->holes = static_cast<size_t>(std::atoi(value.c_str()));
  } else if (name == "begin") {
    play->begin = value;
  } else if (name == "fill") {
    play->fill = value;
  } else {
    return false;
  }
  return true;
}

}  // namespace
}  // namespace tillrelay

int main(int argc, char** argv) {
  if (argc < 6) return 2;
  tillrelay::Options play;
  for (int i = 6; i < argc; ++i) {
    if (!tillrelay::Read(argv[i], &play)) return 2;
  }
  tillrelay::log::Setup(tillrelay::log::Level::kWarning, nullptr);
  tillrelay::Player player(argv[1], static_cast<size_t>(std::atoi(argv[2])),
                           static_cast<size_t>(std::atoi(argv[3])), play);
  player.WriteSums(argv[4]);
  return player.Run(std::chrono::seconds(std::atoi(argv[5])), std::string(argv[4]) + ".over") ? 0
                                                                                              : 1;
}
