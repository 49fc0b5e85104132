// What: does a document agree with itself: signed net lines - discounts and rewards + tax (only
//   where prices exclude it) + fees + rounding = grand total. docs/formats.md, "Self-check".
// Promise: a document that disagrees is not mapped: both sums are named instead.
// Thread: any (pure).
// Errors: rejection totals-disagree.   Limits: tolerance 0.01 a line, 0.05 at most.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/decimal.h"
#include "common/event/event.h"

namespace tillrelay::formats {

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

// Whether prices hold the tax already.
enum class TaxRule : uint8_t { kExcluded, kIncluded, kAsTotalsSay };

struct Sums {
  Money lines;      // signed: what the customer pays for goods, less what comes back
  Money discounts;  // positive: taken off the whole
  Money tax, fees, rounding;
  std::optional<Decimal> grand;
  size_t line_count = 0;
  // A post-void, whose total and extras may be the original's or negated; a return, which tells
  // them so or without signs.
  bool either_sign = false;
  // Some lines pay out: where they pay out more than the others bring, the total and its extras may
  // lack their signs.
  bool pays_out = false;
};

// Fills `*tax_included` when the sums tell. `field` names the grand total.
std::optional<event::Rejection> SelfCheck(const Sums& sums, TaxRule rule, const char* field,
                                          std::optional<bool>* tax_included);

// The same of an event that came as a canonical document. One without a grand total, or with a line
// without its net amount, is flagged `unchecked`; what moves no stock is not looked at.
std::optional<event::Rejection> SelfCheckCanonical(event::Event* event);

Decimal Magnitude(Decimal value);

}  // namespace tillrelay::formats
