#include "agent/formats/poslog/self_check.h"

#include <algorithm>
#include <cstdlib>

namespace tillrelay::formats::poslog {
namespace {

constexpr int64_t kPerLine = Decimal::kUnit / 100;
constexpr int64_t kAtMost = 5 * kPerLine;

}  // namespace

std::optional<event::Rejection> SelfCheck(const Sums& sums, TaxRule rule,
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
  const auto agrees = [&](const Money& sum) {
    Money difference = sum;
    difference.Add(-*sums.grand);
    return !overflow && !difference.overflow() && std::abs(difference.sum().micros()) <= tolerance;
  };
  if (rule != TaxRule::kExcluded && agrees(without_tax)) {
    if (!sums.tax.sum().zero()) *tax_included = true;
    return std::nullopt;
  }
  if (rule != TaxRule::kIncluded && agrees(with_tax)) {
    *tax_included = false;
    return std::nullopt;
  }
  const Money& told = rule == TaxRule::kIncluded ? without_tax : with_tax;
  return event::Rejection{
      "totals-disagree", "Total[TransactionGrandAmount]",
      "the lines add up to " + told.sum().Text() + ", the document says " + sums.grand->Text()};
}

}  // namespace tillrelay::formats::poslog
