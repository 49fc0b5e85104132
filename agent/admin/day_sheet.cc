#include "agent/admin/day_sheet.h"

#include <algorithm>

#include "common/base/json_reader.h"
#include "common/base/text.h"
#include "common/event/turnover.h"

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

void DayTally::CountTenders(JsonValue document, bool turns) {
  for (const JsonValue tender : document.Find("tenders")) {
    const std::string_view own = TextOf(tender, "currency");
    Count(At(&tenders_, TextOf(tender, "type"), own.empty() ? TextOf(document, "currency") : own),
          event::Counted(AmountOf(tender, "amount"), turns));
  }
}

void DayTally::Add(DayEvent event) {
  JsonParser parser;
  const auto root = parser.Parse(event.data);
  const JsonValue document = root.ok() && root->is_object() ? *root : JsonValue();
  const auto kind = event::ParseKind(event.kind).value_or(event::Kind::kSale);
  const event::Turnover::Turns turns = event::TurnoverOf(kind, document).Decide();
  Count(At(&kinds_, event.kind, TextOf(document, "currency")),
        event::Counted(AmountOf(document.Find("totals"), "net_amount"), turns.net));
  CountTenders(document, turns.tenders);
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
