// What: the rule from an action to its signed effect on stock. All direction lives here; whoever
//   reads an event adds the effects and knows nothing else.
// Promise: pure. A sender's own effects are compared, never trusted.
// Thread: any.
#pragma once

#include <optional>

#include "common/event/event.h"

namespace tillrelay::event {

// Fills `stock_effect` of every line by the table of docs/wire.md ("Effects on stock"). Quantities
// must be there and not negative. Rejections: stock-effect-disagrees, missing-field, bad-value.
std::optional<Rejection> ApplyStockRule(Event* event);

// Sums over lines: count, quantity by unit, delta by bucket and unit. Invalid on overflow.
Result<Control> ControlSums(const Event& event);

}  // namespace tillrelay::event
