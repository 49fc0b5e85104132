// What: small questions about text from outside: is it UTF-8, an identifier, printable.
// Thread: any.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tillrelay {

// Offset of the first byte that is not part of well-formed UTF-8 (RFC 3629), or npos.
size_t FirstInvalidUtf8(std::string_view text);

// A store or register id: [A-Za-z0-9._-]{1,32}.
bool IsName(std::string_view text);

bool AllDigits(std::string_view text);

// One line for a log or a terminal: control characters and bytes that are not UTF-8 become \xNN,
// and the text is cut at `limit` bytes with a mark.
std::string Printable(std::string_view text, size_t limit = 200);

// The member of `candidates` with the smallest edit distance to `word`, or "" if none is near.
template <typename Range>
std::string_view Nearest(std::string_view word, const Range& candidates);

size_t EditDistance(std::string_view a, std::string_view b);

template <typename Range>
std::string_view Nearest(std::string_view word, const Range& candidates) {
  std::string_view best;
  size_t best_distance = word.size() / 2 + 1;
  for (const auto& candidate : candidates) {
    const size_t distance = EditDistance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace tillrelay
