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

// What takes back as a whole.
bool MayTellEitherSign(const event::Event& event) {
  if (event.kind == event::Kind::kTransactionVoided) return true;
  return event.kind == event::Kind::kReturn &&
         std::all_of(event.lines.begin(), event.lines.end(), [](const event::Line& line) {
           return line.action.empty() || line.action == "void" || event::PaysOut(line.action);
         });
}

bool HasPayout(const event::Event& event) {
  return std::any_of(event.lines.begin(), event.lines.end(),
                     [](const event::Line& line) { return event::PaysOut(line.action); });
}

// Then the lines of a post-void may be negated.
bool SellsForLess(const event::Event& event) {
  return std::any_of(event.lines.begin(), event.lines.end(), [](const event::Line& line) {
    const bool sold = line.action != "void" && !event::PaysOut(line.action);
    return sold && line.net_amount && line.net_amount->negative();
  });
}

// False if a line does not tell its net amount. `negated`: what is sold is told negated.
bool AddLines(const event::Event& event, bool negated, Money* sum) {
  for (const event::Line& line : event.lines) {
    if (line.action == "void") continue;
    if (!line.net_amount) return false;
    const bool back =
        event::PaysOut(line.action) || (line.action.empty() && event.kind == event::Kind::kReturn);
    const Decimal sold = negated ? -*line.net_amount : *line.net_amount;
    sum->Add(back ? -Magnitude(*line.net_amount) : sold);
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
  const auto lines_with = [&sums](int discounts, int extras, bool tax) {
    Money sum = sums.lines;
    sum.Add(discounts < 0 ? -sums.discounts.sum() : sums.discounts.sum());
    for (const Money* extra : {&sums.fees, &sums.rounding, tax ? &sums.tax : nullptr}) {
      if (extra != nullptr) sum.Add(extras < 0 ? -extra->sum() : extra->sum());
    }
    return sum;
  };
  const Money without_tax = lines_with(-1, 1, false), with_tax = lines_with(-1, 1, true);
  const bool overflow = with_tax.overflow() || sums.discounts.overflow() || sums.fees.overflow() ||
                        sums.rounding.overflow() || sums.tax.overflow();
  const int64_t tolerance =
      std::min(kAtMost, kPerLine * static_cast<int64_t>(std::max<size_t>(sums.line_count, 1)));
  const auto near = [&](const Money& sum, Decimal grand) {
    Money difference = sum;
    difference.Add(-grand);
    return !overflow && !difference.overflow() && std::abs(difference.sum().micros()) <= tolerance;
  };
  // Of either sign: the total alone is negated, or the extras with it.
  const auto agrees_with = [&](int discounts, bool tax) {
    const Decimal grand = *sums.grand;
    const Money reported = lines_with(discounts, 1, tax);
    if (near(reported, grand)) return true;
    const bool unsigned_payout = sums.pays_out && sums.lines.sum().negative() && !grand.negative();
    return (sums.either_sign || unsigned_payout) &&
           (near(reported, -grand) || near(lines_with(discounts, -1, tax), -grand));
  };
  // What comes back is worth less by its discount.
  const auto agrees = [&](bool tax) {
    const bool back = sums.either_sign && sums.lines.sum().negative();
    return agrees_with(-1, tax) || (back && agrees_with(1, tax));
  };
  if (rule != TaxRule::kExcluded && agrees(false)) {
    if (!sums.tax.sum().zero()) *tax_included = true;
    return std::nullopt;
  }
  if (rule != TaxRule::kIncluded && agrees(true)) {
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
  sums.either_sign = MayTellEitherSign(*event);
  sums.pays_out = HasPayout(*event);
  sums.line_count = event->lines.size();
  if (event->totals) {
    const event::Totals& totals = *event->totals;
    sums.grand = totals.grand_amount;
    sums.discounts.Add(Magnitude(totals.discount_amount.value_or(Decimal())));
    sums.fees.Add(totals.fee_amount.value_or(Decimal()));
    sums.tax.Add(totals.tax_amount.value_or(Decimal()));
    sums.rounding.Add(totals.rounding_amount.value_or(Decimal()));
  }
  if (!AddLines(*event, false, &sums.lines) || !sums.grand) {
    event->origin->flags.emplace_back("unchecked");
    return std::nullopt;
  }
  std::optional<bool> included = event->totals->tax_included;
  const TaxRule rule = !included   ? TaxRule::kAsTotalsSay
                       : *included ? TaxRule::kIncluded
                                   : TaxRule::kExcluded;
  auto rejection = SelfCheck(sums, rule, "totals.grand_amount", &included);
  if (!rejection || event->kind != event::Kind::kTransactionVoided || !SellsForLess(*event)) {
    return rejection;
  }
  sums.lines = Money();
  AddLines(*event, true, &sums.lines);
  return SelfCheck(sums, rule, "totals.grand_amount", &included) ? rejection : std::nullopt;
}

}  // namespace tillrelay::formats
