// What: one CSV text out of two files: the rows of receipts, and their heads.
// Promise: pure. Every row gets the columns of its head behind its own; rows of one receipt stand
//   together, in the order of the heads. A row without a head, and a head that is told twice, is an
//   error: nothing is guessed. A head without rows keeps its number as a row of empty cells.
// Thread: any.
// Limits: as DecodeCsv, for each of the two.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/formats/csv.h"

namespace tillrelay::formats {

// What belongs to this dropped file by a profile's pair of patterns: the other half's name; "" if
// the file is no half of it. A profile with `head_files` has one "*" in both patterns.
std::string OtherHalf(const CsvProfile& profile, std::string_view file_name, bool* is_head);

struct JoinedCsv {
  std::string text;  // UTF-8 with its mark, in the profile's delimiter
  std::optional<SyntaxError> error;
};
JoinedCsv JoinCsv(const CsvProfile& profile, std::string heads, std::string rows,
                  const Limits& limits);

}  // namespace tillrelay::formats
