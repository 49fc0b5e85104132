// What: which way the money of a receipt counts. A return and a post-void take back what they name,
//   whatever sign their amounts bear: some registers repeat the original's, some negate them.
// Promise: pure. Amounts of one group (the totals, the tenders, the taxes) keep their signs among
//   each other; the group as a whole is turned or left. What the lines do not decide is left as it
//   is told.
// Thread: any (value).
#pragma once

#include <optional>
#include <string_view>

#include "common/base/decimal.h"
#include "common/event/kind.h"

namespace tillrelay::event {

class Turnover {
 public:
  explicit Turnover(Kind kind) : kind_(kind) {}
  // Every line, in any order. `action` "": the kind's own.
  void AddLine(std::string_view action, const std::optional<Decimal>& net_amount);
  // Whether a group of amounts whose sum is `sum` has to be negated to count.
  bool Turns(Decimal sum) const;
  // An amount that is a group by itself.
  std::optional<Decimal> Counted(const std::optional<Decimal>& amount) const;

 private:
  // Of the money, to the shop: 1 in, -1 out, 0 not known.
  int Direction() const;
  int Goods() const;

  const Kind kind_;
  bool paid_in_ = false, paid_out_ = false, all_told_ = true;
  std::optional<Decimal> sum_ = Decimal();  // nothing: too large
};

// The action of a line gives money back.
bool PaysOut(std::string_view action);

}  // namespace tillrelay::event
