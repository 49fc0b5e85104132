// What: which elements of one list stand for which of another.
// Promise: pure; both orders are kept. Of all such pairings the one with the most that is alike.
// Thread: any.
// Limits: kMostCells pairs are weighed; longer lists are paired place by place.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tillrelay::admin {

inline constexpr size_t kMostCells = 4'000'000;

struct ListElement {
  std::string text;  // all of it
  std::string name;  // what it is, whatever else it says; "": nothing names it
};

// Places in `before` and `after`; nothing: it has no counterpart. What stands between two pairs and
// is like nothing there is paired in order.
using Pairing = std::vector<std::pair<std::optional<size_t>, std::optional<size_t>>>;
Pairing Align(const std::vector<ListElement>& before, const std::vector<ListElement>& after);

}  // namespace tillrelay::admin
