// What: splits CSV text (RFC 4180) into rows.
// Promise: pure; a quoted field may hold delimiters and line ends, and a field that is not closed
// is
//   an error at its byte.
// Thread: one.
// Limits: 256 columns, the bytes of one field.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/formats/format.h"

namespace tillrelay::formats {

inline constexpr size_t kMaxCsvColumns = 256;
inline constexpr const char* kCsvHint =
    "write CSV as in RFC 4180, whole, with the profile's delimiter";

struct CsvRow {
  size_t from = 0, to = 0;  // bytes
  std::vector<std::string> fields;
};

class CsvRowReader {
 public:
  CsvRowReader(std::string_view text, char delimiter, size_t field_bytes)
      : text_(text), delimiter_(delimiter), field_bytes_(field_bytes) {}

  // False at the end or on an error.
  bool Next(CsvRow* row);
  const std::optional<SyntaxError>& error() const { return error_; }
  void SkipLines(size_t count);

 private:
  void SkipEmptyLines();
  bool AtEndOfField() const;
  std::string Field();
  std::string Quoted();
  void Fail(std::string what);

  const std::string_view text_;
  const char delimiter_;
  const size_t field_bytes_;
  size_t at_ = 0;
  std::optional<SyntaxError> error_;
};

}  // namespace tillrelay::formats
