// What: does a document agree with itself: signed net lines - discounts and rewards + tax (only
//   where prices exclude it) + fees + rounding = grand total. docs/formats.md, "Self-check".
// Promise: a document that disagrees is not mapped: both sums are named instead.
// Thread: any (pure).
#pragma once

#include <optional>

#include "agent/formats/poslog/dialect.h"
#include "common/base/decimal.h"
#include "common/event/event.h"

namespace tillrelay::formats::poslog {

// A sum that remembers that it left the limits.
class Money {
 public:
  void Add(Decimal value) {
    auto sum = sum_.Plus(value);
    if (sum.ok()) {
      sum_ = *sum;
    } else {
      overflow_ = true;
    }
  }
  Decimal sum() const { return sum_; }
  bool overflow() const { return overflow_; }

 private:
  Decimal sum_;
  bool overflow_ = false;
};

struct Sums {
  Money lines;      // signed: what the customer pays for goods, less what comes back
  Money discounts;  // positive: taken off the whole
  Money tax, fees, rounding;
  std::optional<Decimal> grand;
  size_t line_count = 0;
};

// Fills `*tax_included` when the sums tell. Rejection: totals-disagree.
std::optional<event::Rejection> SelfCheck(const Sums& sums, TaxRule rule,
                                          std::optional<bool>* tax_included);

}  // namespace tillrelay::formats::poslog
