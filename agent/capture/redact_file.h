// What: a file of any size copied without its card numbers, or searched for them, piece by piece.
// Promise: memory stays at a few pieces. A piece ends where no number can go on: behind two bytes
//   that stand in none, else behind a line; a piece without either ends where it ends.
// Thread: one; slow for large files, so that `beat` is called for each piece.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include "common/base/status.h"

namespace tillrelay::capture {

inline constexpr size_t kScrubPieceBytes = size_t{4} << 20;

// From one open file to another.
Status RedactInto(int from, int to, const std::function<void()>& beat,
                  size_t piece_bytes = kScrubPieceBytes);

// Would the copy differ?
bool HoldsCards(std::string_view bytes, const std::function<void()>& beat,
                size_t piece_bytes = kScrubPieceBytes);

}  // namespace tillrelay::capture
