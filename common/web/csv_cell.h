// What: a text as a cell of a CSV file that people open in a spreadsheet.
// Promise: the cell is quoted, and no spreadsheet takes it for a formula: what could be one stands
//   behind an apostrophe. Plain numbers stay numbers.
// Thread: any (pure).
#pragma once

#include <string>
#include <string_view>

namespace tillrelay {

// "-12.50" and "7", not "-1-2" or "+49".
inline bool IsPlainNumber(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos &&
         text.find('.') == text.rfind('.');
}

// Blanks before the sign do not make it harmless.
inline bool LooksLikeFormula(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return false;
  if (first > 0 && text[0] != ' ') return true;
  return std::string_view("=+-@|%").find(text[first]) != std::string_view::npos &&
         !IsPlainNumber(text);
}

inline std::string CsvCell(std::string_view text) {
  std::string out = LooksLikeFormula(text) ? "\"'" : "\"";
  for (const char c : text) {
    out += c;
    if (c == '"') out += c;
  }
  return out + "\"";
}

}  // namespace tillrelay
