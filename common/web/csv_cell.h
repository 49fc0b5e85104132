// What: a text as a cell of a CSV file that people open in a spreadsheet.
// Promise: the cell is quoted, and no spreadsheet takes it for a formula: what could be one stands
//   behind an apostrophe, also where the spreadsheet parts cells at ";" or tabs, and does not heed
//   quotation marks. Plain numbers stay numbers.
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

// Blanks before the sign do not make it harmless: also the unseen ones (no-break space, U+200B,
// U+2060, U+FEFF), and the sign may be a wide one.
inline bool LooksLikeFormula(std::string_view text) {
  if (text.empty() || IsPlainNumber(text)) return false;
  bool control = false;
  const auto skip = [&](std::string_view blank) {
    if (!text.starts_with(blank)) return false;
    control = control || blank == "\t" || blank == "\r" || blank == "\n";
    text.remove_prefix(blank.size());
    return true;
  };
  while (skip(" ") || skip("\t") || skip("\r") || skip("\n") || skip("\u00A0") || skip("\u200B") ||
         skip("\u2060") || skip("\uFEFF")) {
  }
  if (text.empty()) return false;
  for (const char* sign : {"\uFF1D", "\uFF0B", "\uFF0D", "\uFF20"}) {
    if (text.starts_with(sign)) return true;
  }
  return control || std::string_view("=+-@|%").find(text[0]) != std::string_view::npos;
}

inline std::string CsvCell(std::string_view text) {
  bool marked = LooksLikeFormula(text);  // and nothing but blanks since
  std::string out = marked ? "\"'" : "\"";
  for (size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (text[i] == '"') out += text[i];
    const auto parts = [&](size_t at) {
      return at < text.size() &&
             std::string_view(";\t\r\n").find(text[at]) != std::string_view::npos;
    };
    if (!parts(i) && text[i] != ' ') marked = false;
    if (!parts(i) || parts(i + 1) || marked || !LooksLikeFormula(text.substr(i + 1))) continue;
    marked = true;
    out += '\'';
  }
  return out + "\"";
}

}  // namespace tillrelay
