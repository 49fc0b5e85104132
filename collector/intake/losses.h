// What: which rows of `loss` a declaration adds to those that a stream has.
// Promise: pure. The rows of a stream never overlap, so that numbers are lost once however often
// and
//   in whatever pieces they are declared; a declaration that says nothing new adds nothing.
// Thread: any.
#pragma once

#include <vector>

#include "collector/db/rows.h"
#include "collector/intake/arrived.h"

namespace tillrelay::collector {

// `known` by their first number. What lies at or below the watermark `through` has come. A row that
// is there already and now also has an unknown end is among the answer once more.
std::vector<LossRow> NewLosses(const std::vector<LossRow>& known, const Declared& loss,
                               uint64_t through);

// What of `range` no row covers.
std::vector<wire::Range> Without(const wire::Range& range, const std::vector<LossRow>& losses);

}  // namespace tillrelay::collector
