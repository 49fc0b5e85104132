// A store's stream for tests: gives documents their numbers and chains and writes the messages that
// its agent would send.
#pragma once

#include <string>
#include <utility>

#include "common/base/check.h"
#include "common/event/draft.h"
#include "common/mqtt/link.h"
#include "common/wire/control.h"
#include "common/wire/envelope.h"
#include "common/wire/topics.h"

namespace tillrelay::testing {

struct Sent {
  uint64_t sequence = 0;
  Uuid id{};
  wire::Chain chain{}, previous{};
  std::string topic, payload, data;

  mqtt::LinkEvent Message() const {
    mqtt::LinkEvent event;
    event.what = mqtt::LinkEventType::kMessage;
    event.topic = topic;
    event.payload = payload;
    return event;
  }
};

class EventSource {
 public:
  explicit EventSource(std::string store = "0042",
                       std::string stream = "01JD3V7Q8Z5W6K2M9T4RHXCDEF")
      : store_(std::move(store)),
        stream_(std::move(stream)),
        shop_{store_, {}, event::StoreZone::Load("Europe/Berlin").value()},
        chain_(wire::FirstChain(store_, stream_)) {}

  const std::string& store() const { return store_; }
  const std::string& stream() const { return stream_; }
  uint64_t head() const { return head_; }
  const wire::Chain& chain() const { return chain_; }

  Sent Sale(const std::string& sku, const std::string& quantity, int minute = 0) {
    event::Event sale;
    sale.kind = event::Kind::kSale;
    auto& t = sale.transaction.emplace();
    t.store_id = store_;
    t.register_id = "03";
    t.business_day = "2026-11-21";
    t.transaction_no = std::to_string(++documents_);
    t.end_at = At(minute);
    Line(&sale, sku).quantity = Decimal::Parse(quantity).value();
    return Send(std::move(sale));
  }
  Sent Count(const std::string& sku, const std::string& counted, int minute) {
    event::Event count;
    count.kind = event::Kind::kStockCounted;
    auto& c = count.count.emplace();
    c.store_id = store_;
    c.count_id = "CC-" + std::to_string(++documents_);
    c.as_of = At(minute);
    c.business_day = "2026-11-21";
    Line(&count, sku).counted = Decimal::Parse(counted).value();
    return Send(std::move(count));
  }
  Sent Ship(const std::string& transfer, const std::string& to, const std::string& quantity) {
    event::Event shipped = Transfer(event::Kind::kTransferShipped, transfer, quantity);
    shipped.transfer->from_store_id = store_;
    shipped.transfer->to_store_id = to;
    shipped.transfer->shipped_at = At(0);
    return Send(std::move(shipped));
  }
  Sent Receive(const std::string& transfer, const std::string& from, const std::string& quantity) {
    event::Event received = Transfer(event::Kind::kTransferReceived, transfer, quantity);
    received.transfer->from_store_id = from;
    received.transfer->to_store_id = store_;
    received.transfer->receipt_id = "R-" + transfer;
    received.transfer->received_at = At(1);
    return Send(std::move(received));
  }
  // Whatever it says, with a chain that fits.
  struct Odd {
    std::string kind = "sale", time = At(0), data = "{}";
    std::string recorded_at = "2026-11-21T16:42:09.512Z";
  };
  Sent SendOdd(const Odd& odd) {
    const Uuid id = UuidV5(event::IdentityNamespace(), stream_ + std::to_string(++documents_));
    return Number(id, odd.kind, odd.time, odd.data, odd.recorded_at);
  }
  // The same document under the next number, as after a fork or a lost database.
  Sent Again(const Sent& earlier) { return Number(earlier.id, "sale", At(0), earlier.data); }

  // The durable copy of a declaration, docs/wire.md.
  Sent Declare(const wire::Lost& lost) {
    std::string data = R"({"loss":{"stream":")" + lost.stream + R"(","from":")" +
                       wire::SequenceText(lost.range.first) + R"(","through":")" +
                       wire::SequenceText(lost.range.last) + R"(","chain":")" +
                       ToHex(BytesOf(lost.chain)) + R"(","reason":")" + lost.reason +
                       R"(","compared":true)" + (lost.open ? R"(,"open":true}})" : "}}");
    const Uuid id = event::OwnEventId("loss", store_, lost.stream, data);
    return Number(id, "loss", At(0), data);
  }
  Sent Open(const std::string& previous, const std::string& reason) {
    const std::string data = R"({"stream_opened":{"previous_stream":")" + previous +
                             R"(","through":"00000000000000000000","chain":")" +
                             std::string(32, '0') + R"(","reason":")" + reason + R"("}})";
    return Number(event::OwnEventId("stream_opened", store_, stream_), "stream_opened", At(0),
                  data);
  }

  // 2026-11-21, minutes after noon on the store's clock.
  static std::string At(int minute) {
    const auto two = [](int n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    return "2026-11-21T" + two(12 + minute / 60) + ":" + two(minute % 60) + ":00+01:00";
  }

 private:
  static event::Line& Line(event::Event* event, const std::string& sku) {
    auto& line = event->lines.emplace_back();
    line.item.sku = sku;
    line.uom = "EA";
    return line;
  }
  static event::Event Transfer(event::Kind kind, const std::string& id, const std::string& q) {
    event::Event event;
    event.kind = kind;
    auto& t = event.transfer.emplace();
    t.transfer_id = id;
    t.business_day = "2026-11-21";
    Line(&event, "apple").quantity = Decimal::Parse(q).value();
    return event;
  }
  Sent Send(event::Event event) {
    auto made = event::MakeDraft(std::move(event), shop_);
    CHECK(std::holds_alternative<event::Draft>(made));
    const auto& draft = std::get<event::Draft>(made);
    return Number(draft.identity.id, event::KindWord(draft.kind), draft.time, draft.data);
  }
  Sent Number(const Uuid& id, std::string_view kind, const std::string& time,
              const std::string& data,
              const std::string& recorded_at = "2026-11-21T16:42:09.512Z") {
    Sent sent;
    sent.sequence = ++head_;
    sent.id = id;
    sent.data = data;
    sent.previous = chain_;
    chain_ = wire::NextChain(chain_, sent.sequence, id, Sha256(data));
    sent.chain = chain_;
    wire::Envelope e;
    e.id = id;
    e.store = store_;
    e.stream = stream_;
    e.sequence = sent.sequence;
    e.chain = sent.chain;
    e.previous = sent.previous;
    e.kind = kind;
    e.subject = "test";
    e.time = time;
    e.recorded_at = recorded_at;
    e.data = sent.data;
    wire::WriteEnvelope(e, &sent.payload);
    sent.topic = wire::TopicsOf(wire::kDefaultPrefix, store_).events;
    return sent;
  }

  const std::string store_, stream_;
  const event::Shop shop_;
  wire::Chain chain_;
  uint64_t head_ = 0;
  int documents_ = 0;
};

}  // namespace tillrelay::testing
