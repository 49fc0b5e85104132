// What: takes voided lines out of a basket, and rewards into the lines that they belong to.
// Promise: a void that cancels nothing is refused; signs stay as they were.
// Thread: any (pure).
// Errors: rejection bad-value, `field` is LineItem[its number].
#pragma once

#include <optional>

#include "agent/formats/poslog/lines.h"

namespace tillrelay::formats::poslog {

// Marks voided lines `dropped` and fills `*audit` if there were any.
std::optional<event::Rejection> ApplyVoids(Voids voids, Basket* basket,
                                           std::optional<event::Audit>* audit);

// Rewards lower their line's net amount; those without a line become discounts of the whole.
void ApplyRewards(Basket* basket);

}  // namespace tillrelay::formats::poslog
