#include "agent/cli/store_play.h"

#include <fmt/format.h>

#include <ctime>
#include <string_view>
#include <utility>

namespace tillrelay::cli {
namespace {

constexpr int kItems = 200;
constexpr int kReceiptsADay = 400;

// Every tenth item is sold by weight.
bool ByWeight(int item) { return item % 10 == 7; }
std::string Sku(int item) { return std::to_string(100'000 + item * 37); }
const char* Unit(int item) { return ByWeight(item) ? "KGM" : "EA"; }

std::string Quantity(int64_t thousandths) {
  if (thousandths % 1000 == 0) return std::to_string(thousandths / 1000);
  return fmt::format("{}.{:03}", thousandths / 1000, thousandths % 1000);
}

// Minor units of money, as every line costs a whole number of cents.
std::string Money(int64_t cents) {
  const int64_t magnitude = cents < 0 ? -cents : cents;
  return fmt::format("{}{}.{:02}", cents < 0 ? "-" : "", magnitude / 100, magnitude % 100);
}

int64_t Price(int item, int64_t thousandths) {
  return (static_cast<int64_t>(99 + item * 13) * thousandths + 500) / 1000;
}

}  // namespace

StorePlay::StorePlay(PlayOptions options) : options_(std::move(options)), engine_(options_.seed) {
  registers_.resize(static_cast<size_t>(options_.registers));
}

std::string StorePlay::Day(int offset) const {
  std::tm day{};
  strptime(options_.day.c_str(), "%Y-%m-%d", &day);
  day.tm_mday += offset;
  day.tm_hour = 12;
  const time_t noon = timegm(&day);
  gmtime_r(&noon, &day);
  return fmt::format("{:04}-{:02}-{:02}", day.tm_year + 1900, day.tm_mon + 1, day.tm_mday);
}

std::string StorePlay::Time(int day_offset) {
  const int64_t of_day = 8 * 3600 + second_ % (12 * 3600);
  return fmt::format("{}T{:02}:{:02}:{:02}+01:00", Day(day_offset), of_day / 3600, of_day / 60 % 60,
                     of_day % 60);
}

PlayedDocument StorePlay::Next() {
  ++documents_;
  second_ += 7;
  current_register_ = static_cast<int>(Below(registers_.size()));
  Register& reg = registers_[static_cast<size_t>(current_register_)];
  PlayedDocument played;
  const uint64_t dice = Below(1000);
  if (reg.since_close >= kReceiptsADay) {
    played = {Close(&reg), "day_closed"};
  } else if (dice < 30) {
    played = {Shipped(), "transfer_shipped"};
  } else if (dice < 50) {
    played = {Received(), "transfer_received"};
  } else if (dice < 65) {
    played = {Adjusted(), "stock_adjusted"};
  } else if (dice < 105) {
    played = {Control(&reg), "register_control"};
  } else if (dice < 165) {
    played = {Return(&reg, false), "return"};
  } else if (dice < 195) {
    played = {Return(&reg, true), "exchange"};
  } else if (dice < 215 && !reg.sold.empty()) {
    played = {Void(&reg), "transaction_voided"};
  } else {
    played = {Sale(&reg), "sale"};
  }
  ++kinds_[played.kind];
  return played;
}

BucketSums& StorePlay::Sum(int item) { return sums_[{Sku(item), Unit(item)}]; }

StorePlay::SoldLine StorePlay::PickLine() {
  const int item = static_cast<int>(Below(kItems));
  const auto thousandths =
      static_cast<int64_t>(ByWeight(item) ? 50 + Below(3000) : 1000 * (1 + Below(4)));
  return {item, thousandths};
}

void StorePlay::Head(const char* kind, Register* reg, std::string* json, const char* status) {
  ++reg->number;
  ++reg->since_close;
  reg->sold.clear();
  *json = fmt::format(
      R"({{"kind":"{}","transaction":{{"store_id":"{}","register_id":"{:02}","business_day":"{}",)"
      R"("transaction_no":"{:06}","status":"{}","end_at":"{}"}})",
      kind, options_.store_id, current_register_ + 1, Day(reg->day_offset), reg->number, status,
      Time(reg->day_offset));
}

void StorePlay::AddLine(const SoldLine& line, const std::string& more, std::string* json) {
  *json += fmt::format(
      R"({}{{{}"item":{{"sku":"{}","description":"Article {}"}},"quantity":"{}","uom":"{}",)"
      R"("net_amount":"{}"}})",
      json->back() == '[' ? "" : ",", more, Sku(line.item), line.item, Quantity(line.thousandths),
      Unit(line.item), Money(Price(line.item, line.thousandths)));
}

void StorePlay::Move(const SoldLine& line, int way) {
  const std::string_view action = line.action;
  BucketSums& sum = Sum(line.item);
  const int64_t thousandths = way * line.thousandths;
  if (action != "order") sum.on_hand -= thousandths;
  if (action == "order") sum.reserved += thousandths;
  if (action == "pick_up") sum.reserved -= thousandths;
}

std::string StorePlay::Sale(Register* reg) {
  std::string json;
  Head("sale", reg, &json, "completed");
  json += R"(,"currency":"EUR","lines":[)";
  int64_t total = 0;
  const uint64_t lines = 1 + Below(6);
  for (uint64_t i = 0; i < lines; ++i) {
    SoldLine line = PickLine();
    const uint64_t dice = Below(100);
    if (dice < 5) line.action = dice < 3 ? "order" : "pick_up";
    AddLine(line, dice < 5 ? fmt::format(R"("action":"{}",)", line.action) : "", &json);
    Move(line, 1);
    reg->sold.push_back(line);
    total += Price(line.item, line.thousandths);
  }
  return json + fmt::format(R"(],"totals":{{"grand_amount":"{}"}},)"
                            R"("tenders":[{{"type":"{}","amount":"{}"}}]}})",
                            Money(total), Below(2) == 0 ? "cash" : "card", Money(total));
}

std::string StorePlay::Return(Register* reg, bool exchange) {
  static constexpr const char* kConditions[] = {"sellable", "damaged", "not_kept"};
  std::string json;
  Head(exchange ? "exchange" : "return", reg, &json, "completed");
  json += R"(,"currency":"EUR","lines":[)";
  const SoldLine back = PickLine();
  const uint64_t condition = Below(3);
  AddLine(back, fmt::format(R"("action":"return","condition":"{}",)", kConditions[condition]),
          &json);
  if (condition == 0) Sum(back.item).on_hand += back.thousandths;
  if (condition == 1) Sum(back.item).damaged += back.thousandths;
  int64_t total = -Price(back.item, back.thousandths);
  if (exchange) {
    const SoldLine out = PickLine();
    AddLine(out, R"("action":"sale",)", &json);
    Sum(out.item).on_hand -= out.thousandths;
    total += Price(out.item, out.thousandths);
  }
  return json + fmt::format(R"(],"totals":{{"grand_amount":"{}"}}}})", Money(total));
}

// Takes back the sale that this register has just made.
std::string StorePlay::Void(Register* reg) {
  std::string json;
  const int original = reg->number;
  const std::vector<SoldLine> sold = std::exchange(reg->sold, {});
  Head("transaction_voided", reg, &json, "completed");
  json += fmt::format(R"(,"voids":{{"store_id":"{}","register_id":"{:02}","business_day":"{}",)"
                      R"("transaction_no":"{:06}"}},"reason":"cashier_error","lines":[)",
                      options_.store_id, current_register_ + 1, Day(reg->day_offset), original);
  for (const SoldLine& line : sold) {
    AddLine(line, fmt::format(R"("action":"{}",)", line.action), &json);
    Move(line, -1);
  }
  return json + "]}";
}

std::string StorePlay::Control(Register* reg) {
  static constexpr const char* kStatuses[] = {"control", "cancelled", "suspended", "training"};
  std::string json;
  Head("register_control", reg, &json, kStatuses[Below(4)]);
  return json + "}";
}

std::string StorePlay::Shipped() {
  const SoldLine line = PickLine();
  std::string json = fmt::format(
      R"({{"kind":"transfer_shipped","transfer":{{"transfer_id":"TR-{}-{}","from_store_id":"{}",)"
      R"("to_store_id":"{}","business_day":"{}","shipped_at":"{}"}},"lines":[)",
      options_.seed, documents_, options_.store_id, "elsewhere", Day(0), Time(0));
  AddLine(line, "", &json);
  Sum(line.item).on_hand -= line.thousandths;  // in_transit is the receiver's
  return json + "]}";
}

std::string StorePlay::Received() {
  const SoldLine line = PickLine();
  const int64_t damaged = ByWeight(line.item) ? 0 : static_cast<int64_t>(Below(2)) * 1000;
  std::string json = fmt::format(
      R"({{"kind":"transfer_received","transfer":{{"transfer_id":"TE-{}-{}","receipt_id":"RC-1",)"
      R"("from_store_id":"{}","to_store_id":"{}","business_day":"{}","received_at":"{}",)"
      R"("final":true}},"lines":[)",
      options_.seed, documents_, "elsewhere", options_.store_id, Day(0), Time(0));
  AddLine(line, fmt::format(R"("quantity_damaged":"{}",)", Quantity(damaged)), &json);
  BucketSums& sum = Sum(line.item);
  sum.on_hand += line.thousandths;
  sum.damaged += damaged;
  sum.in_transit -= line.thousandths + damaged;
  return json + "]}";
}

std::string StorePlay::Adjusted() {
  static constexpr const char* kReasons[] = {"theft", "found", "damage", "waste"};
  const uint64_t reason = Below(4);
  const SoldLine line = PickLine();
  std::string json = fmt::format(
      R"({{"kind":"stock_adjusted","adjustment":{{"adjustment_id":"ADJ-{}-{}","store_id":"{}",)"
      R"("business_day":"{}","adjusted_at":"{}","reason":"{}"}},"lines":[)",
      options_.seed, documents_, options_.store_id, Day(0), Time(0), kReasons[reason]);
  AddLine(line, "", &json);
  BucketSums& sum = Sum(line.item);
  sum.on_hand += reason == 1 ? line.thousandths : -line.thousandths;
  if (reason == 2) sum.damaged += line.thousandths;
  return json + "]}";
}

std::string StorePlay::Close(Register* reg) {
  const std::string json =
      fmt::format(R"({{"kind":"day_closed","close":{{"store_id":"{}","register_id":"{:02}",)"
                  R"("business_day":"{}",)"
                  R"("z_no":"{}","closed_at":"{}"}},"pos_control":{{"last_transaction_no":"{:06}",)"
                  R"("transaction_count":{}}}}})",
                  options_.store_id, current_register_ + 1, Day(reg->day_offset), ++reg->z_no,
                  Time(reg->day_offset), reg->number, reg->since_close);
  reg->since_close = 0;
  reg->sold.clear();
  ++reg->day_offset;
  return json;
}

}  // namespace tillrelay::cli
