#include "agent/admin/day_sheet.h"

#include <algorithm>

#include "common/base/json_reader.h"
#include "common/base/text.h"

namespace tillrelay::admin {
namespace {

std::string_view TextOf(JsonValue object, std::string_view name) {
  const JsonValue value = object.Find(name);
  return value.is_string() || value.is_number() ? value.text() : std::string_view();
}

std::string AmountText(const std::optional<Decimal>& amount) {
  return amount ? amount->Text() : std::string();
}

std::optional<Decimal> AmountOf(JsonValue object, std::string_view name) {
  const auto amount = Decimal::Parse(TextOf(object, name));
  return amount.ok() ? std::optional(*amount) : std::nullopt;
}

event::Turnover TurnoverOf(std::string_view kind, JsonValue document) {
  event::Turnover turnover(event::ParseKind(kind).value_or(event::Kind::kSale));
  for (const JsonValue line : document.Find("lines")) {
    turnover.AddLine(TextOf(line, "action"), AmountOf(line, "net_amount"));
  }
  return turnover;
}

}  // namespace

void DayTally::Count(Sum* sum, const std::optional<Decimal>& amount) {
  if (sum == nullptr) return;
  ++sum->count;
  if (!amount) return;
  const auto total = sum->amount.value_or(Decimal()).Plus(*amount);
  if (total.ok()) sum->amount = *total;
}

DayTally::Sum* DayTally::At(Sums* sums, std::string_view name, std::string_view currency) {
  std::pair key(Printable(name), Printable(currency));
  if (sums->size() == kMaxSums && !sums->contains(key)) return nullptr;
  return &(*sums)[std::move(key)];
}

void DayTally::CountTenders(JsonValue document, const event::Turnover& turnover) {
  Decimal paid;
  for (const JsonValue tender : document.Find("tenders")) {
    const auto sum = paid.Plus(AmountOf(tender, "amount").value_or(Decimal()));
    if (sum.ok()) paid = *sum;
  }
  const bool turns = turnover.Turns(paid);
  for (const JsonValue tender : document.Find("tenders")) {
    const std::string_view own = TextOf(tender, "currency");
    auto amount = AmountOf(tender, "amount");
    if (amount && turns) amount = -*amount;
    Count(At(&tenders_, TextOf(tender, "type"), own.empty() ? TextOf(document, "currency") : own),
          amount);
  }
}

void DayTally::Add(DayEvent event) {
  JsonParser parser;
  const auto root = parser.Parse(event.data);
  const JsonValue document = root.ok() && root->is_object() ? *root : JsonValue();
  const event::Turnover turnover = TurnoverOf(event.kind, document);
  Count(At(&kinds_, event.kind, TextOf(document, "currency")),
        turnover.Counted(AmountOf(document.Find("totals"), "net_amount")));
  CountTenders(document, turnover);
  if (event.kind == "day_closed") {
    closed_at_ = std::max(closed_at_, event.position);
  } else {
    documents_.push_back({event.id, event.subject, event.kind, event.recorded_at});
    positions_.push_back(event.position);
  }
}

void DayTally::Fill(DaySheet* sheet) const {
  for (const auto& [key, sum] : kinds_) {
    sheet->kinds.push_back({key.first, key.second, sum.count, AmountText(sum.amount)});
  }
  for (const auto& [key, sum] : tenders_) {
    sheet->tenders.push_back({key.first, key.second, sum.count, AmountText(sum.amount)});
  }
  for (size_t i = 0; i < documents_.size(); ++i) {
    if (closed_at_ != 0 && positions_[i] > closed_at_) sheet->late.push_back(documents_[i]);
  }
}

std::string DifferenceOf(const std::string& here, const std::string& reported) {
  const auto ours = Decimal::Parse(here), theirs = Decimal::Parse(reported);
  if (!ours.ok() || !theirs.ok()) return "";
  const auto difference = ours->Plus(-*theirs);
  return difference.ok() ? difference->Text() : std::string();
}

}  // namespace tillrelay::admin
