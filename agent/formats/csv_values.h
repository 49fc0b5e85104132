// What: values of CSV files as shops write them: amounts with their signs, times in two columns,
// and
//   words that decide whether goods moved.
// Promise: pure; a text that can be read in two ways is none.
// Thread: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/decimal.h"

namespace tillrelay::formats {

struct NumberStyle {
  char decimal_mark = '.';
  char thousands_mark = '\0';  // none
  // Signs and codes of currencies may stand before or behind it; `code` is the receipt's own.
  bool money = false;
  std::string_view code = {};
};
// "1.234,50", "(38.00)", "$8.00", "8,00-", "+3"; nothing if it is none of these. `currency`, if not
// null, becomes the sign of the currency that stood there.
std::optional<Decimal> ReadCsvNumber(std::string_view text, const NumberStyle& style, bool* rounded,
                                     std::string_view* currency = nullptr);
// Whether a currency of this code is written with this sign; nothing fits everything.
bool SignFits(std::string_view sign, std::string_view code);

// `text` by a pattern of strptime(3), in another shape ("%Y-%m-%d"), with its offset where the
// pattern has one; "" if it does not fit. Without a pattern the text itself.
std::string Reformatted(const std::string& text, const std::string& pattern, const char* shape);

// Whether a pattern, or, without one, a text as in RFC 3339, says a day.
bool SaysDay(std::string_view text, std::string_view pattern);

// A heading without blanks, marks and the case of its letters: "Receipt No." is "receiptno".
std::string Heading(std::string_view text);

// What a word in such a column says, by the table of docs/formats.md; "" if it is not in it.
enum class DecidingColumn { kStatus, kKind };
std::string_view CsvMeaning(DecidingColumn column, std::string_view word);
// What a column of this heading would decide if the profile named it: status, kind, void or
// training; "" for all others.
std::string_view DeciderByHeading(std::string_view heading);
// Whether such a heading may also tell of other things ("Type" of a coffee): then it is read only
// where one of its words is known.
bool CouldMeanOthers(std::string_view heading);

}  // namespace tillrelay::formats
