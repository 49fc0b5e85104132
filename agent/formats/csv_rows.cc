#include "agent/formats/csv_rows.h"

#include <algorithm>

namespace tillrelay::formats {

bool CsvRowReader::Next(CsvRow* row) {
  SkipEmptyLines();
  if (at_ >= text_.size() || error_) return false;
  row->from = at_;
  row->fields.clear();
  while (!error_) {
    row->fields.push_back(Field());
    if (row->fields.size() > kMaxCsvColumns) Fail("more than 256 columns");
    if (row->fields.back().size() > field_bytes_) Fail("a field is too long");
    if (at_ < text_.size() && text_[at_] == delimiter_) {
      ++at_;
      continue;
    }
    break;
  }
  row->to = at_;
  return !error_;
}

void CsvRowReader::SkipEmptyLines() {
  while (at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r')) ++at_;
}

bool CsvRowReader::AtEndOfField() const {
  return at_ >= text_.size() || text_[at_] == delimiter_ || text_[at_] == '\n' ||
         text_[at_] == '\r';
}

std::string CsvRowReader::Field() {
  if (at_ < text_.size() && text_[at_] == '"') return Quoted();
  const size_t from = at_;
  while (!AtEndOfField()) {
    if (text_[at_] == '"') {
      Fail("a quotation mark inside a field that does not begin with one");
      return {};
    }
    ++at_;
  }
  return std::string(text_.substr(from, at_ - from));
}

std::string CsvRowReader::Quoted() {
  std::string field;
  const size_t from = at_++;
  for (;;) {
    const size_t quote = text_.find('"', at_);
    if (quote == std::string_view::npos) {
      at_ = from;
      Fail("the quotation mark is not closed");
      return {};
    }
    field += text_.substr(at_, quote - at_);
    at_ = quote + 1;
    if (at_ >= text_.size() || text_[at_] != '"') break;
    field += '"';
    ++at_;
  }
  if (!AtEndOfField()) Fail("text behind a closing quotation mark");
  return field;
}

void CsvRowReader::Fail(std::string what) {
  if (!error_) error_ = SyntaxError{at_, std::move(what), kCsvHint};
}

void CsvRowReader::SkipLines(size_t count) {
  for (; count > 0 && at_ < text_.size(); --count) {
    at_ = std::min(text_.find('\n', at_), text_.size() - 1) + 1;
  }
}

}  // namespace tillrelay::formats
