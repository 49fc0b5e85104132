#include "agent/formats/poslog/voids.h"

namespace tillrelay::formats::poslog {
namespace {

using event::Rejection;

Rejection Refusal(const SourceLine& line, std::string hint) {
  return {"bad-value", "LineItem[" + line.line.source_line_no + "]", std::move(hint)};
}

// The open line before `end` that `contra` takes back: the latest equal one, else the latest that
// is larger. Null if there is none.
SourceLine* Cancelled(std::vector<SourceLine>* lines, size_t end, const SourceLine& contra) {
  SourceLine* larger = nullptr;
  for (size_t i = end; i-- > 0;) {
    SourceLine& line = (*lines)[i];
    if (line.flagged || line.dropped || line.line.item.sku != contra.line.item.sku) continue;
    if (line.line.uom != contra.line.uom || line.line.action != contra.line.action) continue;
    if (line.line.quantity == contra.line.quantity && line.amount == -contra.amount) return &line;
    if (larger == nullptr && *line.line.quantity > *contra.line.quantity) larger = &line;
  }
  return larger;
}

// Takes a part off a line. False if the amounts do not allow it.
bool Reduce(SourceLine* line, const SourceLine& contra) {
  const auto quantity = line->line.quantity->Plus(-*contra.line.quantity);
  const auto amount = line->amount.Plus(contra.amount);
  if (!quantity.ok() || !amount.ok()) return false;
  if (amount->negative() != line->amount.negative() && !amount->zero()) return false;
  const auto extended = line->line.extended_amount->Plus(-*contra.line.extended_amount);
  if (!extended.ok() || extended->negative()) return false;
  line->line.quantity = *quantity;
  line->line.taxes.clear();  // they were those of the whole
  line->line.extended_amount = *extended;
  line->line.net_amount = Magnitude(*amount);
  line->amount = *amount;
  return true;
}

std::optional<Rejection> ContraLine(Basket* basket, size_t index) {
  SourceLine& contra = basket->lines[index];
  SourceLine* cancelled = Cancelled(&basket->lines, index, contra);
  if (cancelled == nullptr) {
    return Refusal(contra, "this void cancels no earlier line of its item");
  }
  if (cancelled->line.quantity == contra.line.quantity) {
    cancelled->dropped = true;
  } else if (!Reduce(cancelled, contra)) {
    return Refusal(contra, "this void takes back more than its line");
  }
  return std::nullopt;
}

std::optional<Rejection> Pointer(Basket* basket, size_t index) {
  SourceLine& pointer = basket->lines[index];
  for (size_t i = 0; i < index; ++i) {
    SourceLine& line = basket->lines[i];
    if (line.flagged || line.dropped || line.number.empty()) continue;
    if (line.number != pointer.points_to) continue;
    if (line.line.item.sku != pointer.line.item.sku ||
        line.line.quantity != pointer.line.quantity) {
      return Refusal(pointer, "this void differs from the line that it names");
    }
    line.dropped = true;
    return std::nullopt;
  }
  return Refusal(pointer, "this void names no earlier line");
}

}  // namespace

std::optional<Rejection> ApplyVoids(Voids voids, Basket* basket,
                                    std::optional<event::Audit>* audit) {
  int64_t count = 0;
  Money amount;
  for (size_t i = 0; i < basket->lines.size(); ++i) {
    SourceLine& line = basket->lines[i];
    if (!line.flagged) continue;
    std::optional<Rejection> rejection;
    if (voids == Voids::kVanished) {
      rejection = Refusal(line, "lines that were taken back are not in documents of this dialect");
    } else if (voids == Voids::kPointer) {
      rejection = Pointer(basket, i);
    } else if (line.contra) {  // whatever the dialect: a negative line cannot be its own original
      rejection = ContraLine(basket, i);
    }
    if (rejection) return rejection;
    line.dropped = true;
    ++count;
    amount.Add(Magnitude(line.amount));
  }
  if (count > 0) *audit = event::Audit{count, amount.sum()};
  if (voids == Voids::kVanished && basket->vanished > 0) {
    *audit = event::Audit{basket->vanished, std::nullopt};
  }
  return std::nullopt;
}

void ApplyRewards(Basket* basket) {
  for (const Reward& reward : basket->rewards) {
    SourceLine* owner = nullptr;
    for (SourceLine& line : basket->lines) {
      if (!line.dropped && !line.reward_number.empty() && line.reward_number == reward.line) {
        owner = &line;
      }
    }
    // A reward that would turn the line's sign stays with the whole.
    const bool fits = owner != nullptr && !reward.amount.negative() && !owner->amount.negative() &&
                      reward.amount <= owner->amount;
    const auto off = fits ? owner->line.discount_amount.value_or(Decimal()).Plus(reward.amount)
                          : Result<Decimal>(Decimal());
    if (!fits || !off.ok()) {
      basket->discounts.Add(reward.amount);
      continue;
    }
    owner->amount = Decimal::FromMicros(owner->amount.micros() - reward.amount.micros(),
                                        std::max(owner->amount.scale(), reward.amount.scale()));
    owner->line.discount_amount = *off;
    owner->line.net_amount = owner->amount;
  }
}

}  // namespace tillrelay::formats::poslog
