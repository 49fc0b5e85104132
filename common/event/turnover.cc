#include "common/event/turnover.h"

namespace tillrelay::event {
namespace {

Decimal Magnitude(Decimal amount) { return amount.negative() ? -amount : amount; }

int SignOf(Decimal amount) { return amount.zero() ? 0 : amount.negative() ? -1 : 1; }

}  // namespace

bool PaysOut(std::string_view action) {
  return action == "return" || action == "refund_only" || action == "deposit_return";
}

void Turnover::AddLine(std::string_view action, const std::optional<Decimal>& net_amount) {
  if (action == "void") return;
  const bool out = PaysOut(action) || (action.empty() && kind_ == Kind::kReturn);
  (out ? paid_out_ : paid_in_) = true;
  if (!net_amount) all_told_ = false;
  if (!net_amount || !sum_) return;
  const Decimal amount = Magnitude(*net_amount);
  const auto total = sum_->Plus(out ? -amount : amount);
  sum_ = total.ok() ? std::optional(*total) : std::nullopt;
}

// The way that the money of these lines went when they were rung up.
int Turnover::Goods() const {
  if (paid_in_ && paid_out_) return all_told_ && sum_ ? SignOf(*sum_) : 0;
  return paid_out_ ? -1 : 1;
}

int Turnover::Direction() const {
  if (kind_ == Kind::kTransactionVoided) return -Goods();
  return kind_ == Kind::kReturn && !paid_in_ ? -1 : 0;
}

bool Turnover::Turns(Decimal sum) const {
  const int direction = Direction();
  return direction != 0 && SignOf(sum) == -direction;
}

std::optional<Decimal> Turnover::Counted(const std::optional<Decimal>& amount) const {
  return amount && Turns(*amount) ? std::optional(-*amount) : amount;
}

}  // namespace tillrelay::event
