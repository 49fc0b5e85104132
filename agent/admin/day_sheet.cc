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

}  // namespace

void DayTally::Count(Sum* sum, std::string_view amount) {
  ++sum->count;
  const auto value = Decimal::Parse(amount);
  if (!value.ok()) return;
  const auto total = sum->amount.value_or(Decimal()).Plus(*value);
  if (total.ok()) sum->amount = *total;
}

void DayTally::Add(DayEvent event) {
  JsonParser parser;
  const auto root = parser.Parse(event.data);
  const bool readable = root.ok() && root->is_object();
  Count(&kinds_[event.kind], readable ? TextOf(root->Find("totals"), "net_amount") : "");
  if (readable) {
    const std::string currency(TextOf(*root, "currency"));
    for (const JsonValue tender : root->Find("tenders")) {
      const std::string own(TextOf(tender, "currency"));
      const std::pair key(Printable(TextOf(tender, "type")), own.empty() ? currency : own);
      if (tenders_.size() == kMaxSums && !tenders_.contains(key)) continue;
      Count(&tenders_[key], TextOf(tender, "amount"));
    }
  }
  if (event.kind == "day_closed") {
    closed_at_ = std::max(closed_at_, event.position);
  } else {
    documents_.push_back({event.id, event.subject, event.kind, event.recorded_at});
    positions_.push_back(event.position);
  }
}

void DayTally::Fill(DaySheet* sheet) const {
  for (const auto& [kind, sum] : kinds_) {
    sheet->kinds.push_back({kind, sum.count, AmountText(sum.amount)});
  }
  for (const auto& [key, sum] : tenders_) {
    sheet->tenders.push_back({key.first, key.second, sum.count, AmountText(sum.amount)});
  }
  for (size_t i = 0; i < documents_.size(); ++i) {
    if (closed_at_ == 0 || positions_[i] < closed_at_) continue;
    ++sheet->late_count;
    if (sheet->late.size() < kMaxLate) sheet->late.push_back(documents_[i]);
  }
}

std::string DifferenceOf(const std::string& here, const std::string& reported) {
  const auto ours = Decimal::Parse(here), theirs = Decimal::Parse(reported);
  if (!ours.ok() || !theirs.ok()) return "";
  const auto difference = ours->Plus(-*theirs);
  return difference.ok() ? difference->Text() : std::string();
}

}  // namespace tillrelay::admin
