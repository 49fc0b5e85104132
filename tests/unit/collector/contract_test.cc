// The contract of both ends: whatever the intake stores, the collector applies on either database;
// what one of them could not take never gets a number. Every kind, every member, at its extremes.
#include <future>
#include <limits>

#include "agent/capture/intake.h"
#include "agent/journal/query/reader.h"
#include "common/event/bounds.h"
#include "common/event/event_json.h"
#include "common/event/fields.h"
#include "tests/unit/collector/collector_fixture.h"

namespace tillrelay::collector {
namespace {

using event::Event;
using event::Kind;

const std::vector<std::string>& Texts() {
  static const std::vector<std::string> texts = {std::string("a\0b", 3),
                                                 std::string("\0", 1),
                                                 "a\tb",
                                                 "a\x7f",
                                                 "a\xc2\x85",
                                                 "\xf0\x9f\x8d\x8f",
                                                 " ",
                                                 std::string(128, 'x'),
                                                 std::string(129, 'x'),
                                                 std::string(2000, 'x'),
                                                 "-1",
                                                 std::string(2001, 'x'),
                                                 std::string(9000, 'x'),
                                                 "9223372036854775808",
                                                 "a'b\"\\{}",
                                                 "NULL"};
  return texts;
}
const std::vector<std::string>& Times() {
  static const std::vector<std::string> times = {
      "9999-12-31T23:59:59.9999999Z", "0000-01-01T00:00:00+14:00",
      "0000-01-01T00:00:00",          "9999-12-31T23:59:59-14:00",
      "9999-12-31T23:59:59",          "1989-12-31T23:59:59+01:00",
      "1990-01-01T00:00:00+01:00",    "1989-12-31T23:00:00Z",
      "1989-12-31T22:59:59Z",         "2199-12-31T23:59:59+01:00",
      "2199-12-31T23:00:00Z",         "2199-12-31T22:59:60Z",
      "2200-01-01T00:00:00+14:00",    "2026-10-25T02:30:00",
      "2026-03-29T02:30:00",          "2026-11-21T12:00:00." + std::string(100, '9') + "Z",
      "1970-01-01T00:00:00Z"};
  return times;
}
const std::vector<std::string>& Days() {
  static const std::vector<std::string> days = {"0000-01-01", "9999-12-31", "1989-12-31",
                                                "1990-01-01", "2199-12-31", "2200-01-01"};
  return days;
}
const std::vector<Decimal>& Numbers() {
  const auto of = [](int64_t units, int64_t micros) {
    return Decimal::FromMicros(units * Decimal::kUnit + micros, 6);
  };
  static const std::vector<Decimal> numbers = {of(4'000'000'000'000, 0),
                                               of(-4'000'000'000'000, 0),
                                               of(1'000'000'000, 0),
                                               of(1'000'000'000, 1),
                                               of(999'999'999, 999'999),
                                               of(0, 1),
                                               of(0, 0),
                                               of(-1'000'000'000, 0),
                                               of(-1'000'000'000, -1)};
  return numbers;
}
const std::vector<int64_t>& Integers() {
  static const std::vector<int64_t> integers = {std::numeric_limits<int64_t>::max(),
                                                std::numeric_limits<int64_t>::min(),
                                                event::kMaxInteger,
                                                event::kMaxInteger + 1,
                                                -event::kMaxInteger,
                                                0};
  return integers;
}

// Gives the member number `target` of an event its extreme number `extreme`.
class Extreme {
 public:
  Extreme(size_t target, size_t extreme) : target_(target), extreme_(extreme) {}

  void Id(std::string_view, std::string& x) { From(Texts(), &x); }
  void Text(std::string_view, std::string& x) { From(Texts(), &x); }
  void Scan(std::string_view, std::string& x) { From(Texts(), &x); }
  void Word(std::string_view, std::string& x, event::Words) { From(Texts(), &x); }
  void Time(std::string_view, std::string& x) { From(Times(), &x); }
  void Day(std::string_view, std::string& x) { From(Days(), &x); }
  void Number(std::string_view, std::optional<Decimal>& x) { From(Numbers(), &x); }
  void Integer(std::string_view, std::optional<int64_t>& x) { From(Integers(), &x); }
  void Flag(std::string_view, std::optional<bool>&) {}
  void Ids(std::string_view, std::vector<std::string>& x) {
    std::string id;
    if (From(Texts(), &id)) x = {id};
  }
  void Counts(std::string_view, std::vector<std::pair<std::string, int64_t>>& x) {
    std::pair<std::string, int64_t> entry{"a", 1};
    if (From(Texts(), &entry.first)) x = {entry};
    if (From(Integers(), &entry.second)) x = {entry};
  }
  void Sums(std::string_view, std::vector<std::pair<std::string, Decimal>>&) {}  // the agent's own
  void Extension(std::string_view, std::vector<std::pair<std::string, std::string>>& x) {
    std::pair<std::string, std::string> entry{"a", "b"};
    if (From(Texts(), &entry.first)) x = {entry};
    entry.first = "a";
    if (From(Texts(), &entry.second)) x = {entry};
  }
  template <class T>
  void Object(std::string_view name, T& x) {
    if (name != "origin" && name != "control") event::Fields(*this, x);
  }
  template <class T>
  void Object(std::string_view name, std::optional<T>& x) {
    if (x) Object(name, *x);
  }
  template <class T>
  void List(std::string_view, std::vector<T>& x) {
    for (T& part : x) event::Fields(*this, part);
  }
  // Of all members; what the extreme was, if the target has so many.
  size_t members() const { return seen_; }
  bool done() const { return done_; }

 private:
  template <class T, class X>
  bool From(const std::vector<T>& extremes, X* x) {
    if (seen_++ != target_ || extreme_ >= extremes.size()) return false;
    *x = extremes[extreme_];
    return done_ = true;
  }
  const size_t target_, extreme_;
  size_t seen_ = 0;
  bool done_ = false;
};

constexpr const char* kDay = "2026-11-21";
constexpr const char* kAt = "2026-11-21T17:42:08+01:00";

// A document of the kind with every part that it can have.
Event Document(Kind kind, int number) {
  const std::string no = std::to_string(number);
  Event e;
  e.kind = kind;
  if (event::IsTransaction(kind)) {
    auto& t = e.transaction.emplace();
    t.store_id = "0042";
    t.register_id = "03";
    t.business_day = kDay;
    t.transaction_no = no;
    t.end_at = kAt;
    if (kind == Kind::kTransactionVoided) e.voids.emplace().transaction_no = "V" + no;
    e.totals.emplace();
    e.tenders.emplace_back().type = "cash";
    e.audit.emplace();
  } else if (event::IsTransfer(kind)) {
    auto& t = e.transfer.emplace();
    const bool received = kind == Kind::kTransferReceived;
    t.transfer_id = t.receipt_id = no;
    t.from_store_id = received ? "0017" : "0042";
    t.to_store_id = received ? "0042" : "0017";
    t.business_day = kDay;
    t.shipped_at = t.received_at = kAt;
  } else if (kind == Kind::kStockCounted) {
    e.count = event::Count{no, "0042", "", kAt, event::IncludesThrough{}, kDay, ""};
  } else if (kind == Kind::kStockAdjusted) {
    e.adjustment = event::Adjustment{no, "0042", kDay, kAt, "correction", ""};
  } else {
    e.close = event::Close{"0042", "03", std::nullopt, kDay, no, kAt};
    e.pos_control.emplace();
    return e;
  }
  auto& line = e.lines.emplace_back();
  line.item.sku = "100234";
  line.uom = "EA";
  line.quantity = Decimal::FromInt(1);
  if (kind == Kind::kExchange) line.action = "sale";
  if (kind == Kind::kStockCounted) line.counted = Decimal::FromInt(1);
  if (kind == Kind::kStockAdjusted) line.direction = "increase";
  line.original.emplace().transaction_no = "1";
  return e;
}

std::string Json(const Event& e) {
  std::string data;
  event::WriteData(e, &data);
  return event::WithKind(e.kind, data);
}

class ContractTest : public CollectorTest {
 protected:
  void SetUp() override {
    journal::JournalOptions options;
    options.store.path = dir_ / "journal.db";
    options.store.store_id = "0042";
    options.min_free_bytes = 0;
    auto opened = journal::Journal::Open(options, &system_clock_, &random_);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    journal_ = *std::move(opened);
    intake_ = std::make_unique<capture::Intake>(&intake_options_, journal_.get(), &counters_,
                                                &system_clock_);
  }
  // Through the one door, as an array of documents.
  capture::Answer Take(const std::string& documents) {
    capture::Document document{formats::Format::kJson, "http", "test", "[" + documents + "]"};
    std::promise<Result<capture::Answer>> answered;
    EXPECT_TRUE(intake_
                    ->Submit(intake_->Prepare(&document), std::nullopt,
                             [&](Result<capture::Answer> answer) { answered.set_value(answer); })
                    .ok());
    return answered.get_future().get().value();
  }
  // What the journal holds, as its uplink would send it.
  void SendAll() {
    auto reader = journal::JournalReader::Open(dir_ / "journal.db", "0042").value();
    const journal::StreamRow stream = reader->CurrentStream().value();
    wire::Chain chain = wire::FirstChain("0042", stream.stream);
    for (uint64_t n = 1; n <= stream.head;) {
      std::vector<mqtt::LinkEvent> group;
      const std::vector<journal::Row> rows = reader->Read(stream.base + n, 500, 8 << 20).value();
      for (const journal::Row& row : rows) {
        wire::Envelope e;
        e.id = row.id;
        e.store = "0042";
        e.stream = stream.stream;
        e.sequence = n++;
        e.previous = chain;
        e.chain = chain = wire::NextChain(chain, e.sequence, row.id, row.data_digest);
        const std::string recorded_at = event::UtcText(row.recorded_at);
        e.kind = row.kind;
        e.subject = row.subject;
        e.time = row.time;
        e.recorded_at = recorded_at;
        e.data = row.data;
        mqtt::LinkEvent message;
        message.what = mqtt::LinkEventType::kMessage;
        message.topic = "tillrelay/v1/0042/events";
        wire::WriteEnvelope(e, &message.payload);
        group.push_back(std::move(message));
      }
      collector_->Handle(std::move(group));
      Turn();
    }
    head_ = stream.head;
  }

  testing::TempDir dir_;
  SystemClock system_clock_;
  capture::IntakeOptions intake_options_{
      {"0042", {}, event::StoreZone::Load("Europe/Berlin").value()}, {}, {}};
  capture::Counters counters_;
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<capture::Intake> intake_;
  uint64_t head_ = 0;
};

TEST_F(ContractTest, WhateverTheIntakeStoresBothEndsTake) {
  int number = 0;
  size_t stored = 0, quarantined = 0;
  for (int k = 0; k < event::kKindCount - 2; ++k) {
    const auto kind = static_cast<Kind>(k);
    Event plain = Document(kind, 0);
    Extreme all(SIZE_MAX, 0);
    event::Fields(all, plain);
    std::string documents;
    for (size_t member = 0; member < all.members(); ++member) {
      for (size_t extreme = 0;; ++extreme) {
        Event odd = Document(kind, ++number);
        Extreme one(member, extreme);
        event::Fields(one, odd);
        if (!one.done()) break;
        documents += (documents.empty() ? "" : ",") + Json(odd);
      }
    }
    const capture::Answer answer = Take(documents);
    stored += answer.stored;
    quarantined += answer.quarantined;
  }
  SendAll();
  EXPECT_GT(stored, 2000u);
  EXPECT_GT(quarantined, 2000u);
  EXPECT_EQ(head_, stored);
  EXPECT_EQ(Through(), "0042|" + std::to_string(head_));
  EXPECT_EQ(Query("SELECT id, reason FROM unapplied LIMIT 5"), "");
  EXPECT_EQ(Count("event WHERE counted = 1"), static_cast<int64_t>(head_));
  EXPECT_EQ(fleet_.Collector().store_failures, 0u);
  EXPECT_EQ(collector_->counters().malformed, 0u);
}

TEST_F(ContractTest, AControlCharacterInFreeTextBecomesABlankAndTheReceiptIsTaken) {
  Event sale = Document(Kind::kSale, 1);
  sale.lines[0].item.description = std::string("Milk\0\t1 l\x7f", 10);
  EXPECT_EQ(Take(Json(sale)).stored, 1u);
  SendAll();
  EXPECT_NE(Query("SELECT body FROM event").find(R"("description":"Milk  1 l ")"),
            std::string::npos);
}

}  // namespace
}  // namespace tillrelay::collector
