#include "agent/formats/self_check.h"

#include <algorithm>
#include <cstdlib>

#include "common/event/turnover.h"

namespace tillrelay::formats {
namespace {

using event::Rejection;

constexpr int64_t kPerLine = Decimal::kUnit / 100;
constexpr int64_t kAtMost = 5 * kPerLine;

bool Completed(const event::Transaction& t) {
  return !t.training.value_or(false) && (t.status.empty() || t.status == "completed");
}

// False if a line does not tell its net amount.
bool AddLines(const event::Event& event, Money* sum) {
  for (const event::Line& line : event.lines) {
    if (line.action == "void") continue;
    if (!line.net_amount) return false;
    const bool back =
        event::PaysOut(line.action) || (line.action.empty() && event.kind == event::Kind::kReturn);
    sum->Add(back ? -Magnitude(*line.net_amount) : *line.net_amount);
  }
  return true;
}

// The taxes of the whole must be its tax; nothing where one of them does not say its amount.
std::optional<Rejection> CheckTaxes(const event::Event& event) {
  if (event.taxes.empty() || !event.totals || !event.totals->tax_amount) return std::nullopt;
  Money difference;
  for (const event::Tax& tax : event.taxes) {
    if (!tax.amount) return std::nullopt;
    difference.Add(*tax.amount);
  }
  const Decimal sum = difference.sum();
  difference.Add(-*event.totals->tax_amount);
  if (!difference.overflow() && std::abs(difference.sum().micros()) <= kAtMost) return std::nullopt;
  return Rejection{"totals-disagree", "taxes",
                   "the taxes add up to " + sum.Text() + ", the document says " +
                       event.totals->tax_amount->Text()};
}

}  // namespace

Decimal Magnitude(Decimal value) { return value.negative() ? -value : value; }

std::optional<Rejection> SelfCheck(const Sums& sums, TaxRule rule, const char* field,
                                   std::optional<bool>* tax_included) {
  if (rule != TaxRule::kAsTotalsSay) *tax_included = rule == TaxRule::kIncluded;
  if (!sums.grand) return std::nullopt;
  Money without_tax = sums.lines;
  without_tax.Add(-sums.discounts.sum());
  without_tax.Add(sums.fees.sum());
  without_tax.Add(sums.rounding.sum());
  Money with_tax = without_tax;
  with_tax.Add(sums.tax.sum());
  const bool overflow = with_tax.overflow() || sums.discounts.overflow() || sums.fees.overflow() ||
                        sums.rounding.overflow() || sums.tax.overflow();
  const int64_t tolerance =
      std::min(kAtMost, kPerLine * static_cast<int64_t>(std::max<size_t>(sums.line_count, 1)));
  const auto near = [&](const Money& sum, Decimal grand) {
    Money difference = sum;
    difference.Add(-grand);
    return !overflow && !difference.overflow() && std::abs(difference.sum().micros()) <= tolerance;
  };
  const auto agrees = [&](const Money& sum) {
    return near(sum, *sums.grand) || (sums.either_sign && near(sum, -*sums.grand));
  };
  if (rule != TaxRule::kExcluded && agrees(without_tax)) {
    if (!sums.tax.sum().zero()) *tax_included = true;
    return std::nullopt;
  }
  if (rule != TaxRule::kIncluded && agrees(with_tax)) {
    *tax_included = false;
    return std::nullopt;
  }
  const Money& reported = rule == TaxRule::kIncluded ? without_tax : with_tax;
  return Rejection{
      "totals-disagree", field,
      "the lines add up to " + reported.sum().Text() + ", the document says " + sums.grand->Text()};
}

std::optional<Rejection> SelfCheckCanonical(event::Event* event) {
  if (!event->transaction || event->lines.empty() || !Completed(*event->transaction)) {
    return std::nullopt;
  }
  if (auto rejection = CheckTaxes(*event)) return rejection;
  Sums sums;
  sums.either_sign = event->kind == event::Kind::kTransactionVoided;
  sums.line_count = event->lines.size();
  if (event->totals) {
    const event::Totals& totals = *event->totals;
    sums.grand = totals.grand_amount;
    sums.discounts.Add(Magnitude(totals.discount_amount.value_or(Decimal())));
    sums.fees.Add(totals.fee_amount.value_or(Decimal()));
    sums.tax.Add(totals.tax_amount.value_or(Decimal()));
    sums.rounding.Add(totals.rounding_amount.value_or(Decimal()));
  }
  if (!AddLines(*event, &sums.lines) || !sums.grand) {
    event->origin->flags.emplace_back("unchecked");
    return std::nullopt;
  }
  std::optional<bool> included = event->totals->tax_included;
  const TaxRule rule = !included   ? TaxRule::kAsTotalsSay
                       : *included ? TaxRule::kIncluded
                                   : TaxRule::kExcluded;
  return SelfCheck(sums, rule, "totals.grand_amount", &included);
}

}  // namespace tillrelay::formats
