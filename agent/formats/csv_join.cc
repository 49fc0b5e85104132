#include "agent/formats/csv_join.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "agent/formats/csv_rows.h"
#include "agent/formats/csv_values.h"
#include "common/base/text.h"

namespace tillrelay::formats {
namespace {

constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";
constexpr const char* kHint = "drop both files again, whole, of one export";

// The text that the "*" of a pattern stands for.
std::optional<std::string_view> StarOf(std::string_view pattern, std::string_view name) {
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos || name.size() + 1 < pattern.size()) return std::nullopt;
  const std::string_view before = pattern.substr(0, star), behind = pattern.substr(star + 1);
  if (!name.starts_with(before) || !name.ends_with(behind)) return std::nullopt;
  return name.substr(before.size(), name.size() - before.size() - behind.size());
}

std::string WithStar(std::string pattern, std::string_view text) {
  return pattern.replace(pattern.find('*'), 1, text);
}

// A file of rows, in UTF-8.
struct Table {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::vector<size_t> keys;  // where the columns stand by which the two are joined
  std::optional<SyntaxError> error;

  std::string KeyOf(const std::vector<std::string>& row) const {
    std::string key;
    for (const size_t place : keys) key += row[place] + '\x1f';
    return key;
  }
};

void FindKeys(const CsvProfile& profile, Table* table) {
  for (const std::string& name : profile.joined_by) {
    const auto found =
        std::find_if(table->header.begin(), table->header.end(),
                     [&](const std::string& heading) { return Heading(heading) == Heading(name); });
    if (found == table->header.end()) {
      table->error = SyntaxError{0, "there is no column " + Printable(name, 80),
                                 "correct joined_by of the profile, or the file"};
      return;
    }
    table->keys.push_back(static_cast<size_t>(found - table->header.begin()));
  }
}

Table ReadTable(const CsvProfile& profile, std::string* bytes, const Limits& limits) {
  Table table;
  Origin origin;
  const Encoding encoding = EncodingOf(*bytes).value_or(profile.encoding);
  if (auto fault = MakeUtf8(bytes, encoding, limits.text_bytes, &origin)) {
    table.error = SyntaxError{fault->offset, fault->what, kHint};
    return table;
  }
  const std::string_view text =
      std::string_view(*bytes).substr(encoding == Encoding::kUtf8 ? origin.mark_bytes : 0);
  if (profile.final_line_end && !text.empty() && text.back() != '\n') {
    table.error = SyntaxError{text.size(), "the last row has no line end", kHint};
    return table;
  }
  CsvRowReader reader(text, profile.delimiter, limits.string_bytes);
  CsvRow row;
  for (size_t number = 1; reader.Next(&row) && !table.error; ++number) {
    if (number == 1) {
      table.header = row.fields;
      FindKeys(profile, &table);
    } else if (row.fields.size() != table.header.size()) {
      table.error = SyntaxError{row.from,
                                fmt::format("row {} has {} columns, the first one {}", number,
                                            row.fields.size(), table.header.size()),
                                kHint};
    } else {
      table.rows.push_back(row.fields);
    }
  }
  if (!table.error) table.error = reader.error();
  if (!table.error && table.header.empty()) table.error = SyntaxError{0, "it is empty", kHint};
  return table;
}

class Joiner {
 public:
  Joiner(const CsvProfile& profile, const Table& heads, const Table& rows)
      : delimiter_(profile.delimiter), heads_(heads), rows_(rows) {}

  JoinedCsv Run() {
    result_.text = kUtf8Mark;
    Columns();
    if (!Group()) return std::move(result_);
    Line(rows_.header, heads_.header);
    const std::vector<std::string> none(rows_.header.size());
    for (const auto& head : heads_.rows) {
      const auto& own = of_head_[heads_.KeyOf(head)];
      if (own.empty()) Line(none, head);
      for (const size_t row : own) Line(rows_.rows[row], head);
    }
    return std::move(result_);
  }

 private:
  // Those of a head that its rows have as well are told once.
  void Columns() {
    for (size_t i = 0; i < heads_.header.size(); ++i) {
      const bool key = std::find(heads_.keys.begin(), heads_.keys.end(), i) != heads_.keys.end();
      const auto same = [&](const std::string& heading) {
        return Heading(heading) == Heading(heads_.header[i]);
      };
      const bool both = std::any_of(rows_.header.begin(), rows_.header.end(), same);
      if (key || !both) kept_.push_back(i);
    }
    for (size_t i = 0; i < rows_.header.size(); ++i) {
      const bool key = std::find(rows_.keys.begin(), rows_.keys.end(), i) != rows_.keys.end();
      if (!key) own_.push_back(i);
    }
  }

  bool Group() {
    for (const auto& head : heads_.rows) {
      if (of_head_.emplace(heads_.KeyOf(head), std::vector<size_t>()).second) continue;
      return Fail("a head is told twice: " + Printable(heads_.KeyOf(head), 80));
    }
    for (size_t i = 0; i < rows_.rows.size(); ++i) {
      const auto head = of_head_.find(rows_.KeyOf(rows_.rows[i]));
      if (head == of_head_.end()) {
        return Fail(fmt::format("row {} has no head in the other file", i + 2));
      }
      head->second.push_back(i);
    }
    return true;
  }

  bool Fail(std::string what) {
    result_.error = SyntaxError{0, std::move(what), kHint};
    return false;
  }

  void Line(const std::vector<std::string>& row, const std::vector<std::string>& head) {
    const size_t from = result_.text.size();
    for (const size_t place : kept_) Cell(head[place], from);
    for (const size_t place : own_) Cell(row[place], from);
    result_.text += '\n';
  }

  void Cell(const std::string& value, size_t line_from) {
    std::string& text = result_.text;
    if (text.size() > line_from) text += delimiter_;
    text += '"';
    for (const char c : value) {
      if (c == '"') text += '"';
      text += c;
    }
    text += '"';
  }

  const char delimiter_;
  const Table& heads_;
  const Table& rows_;
  std::vector<size_t> kept_, own_;  // columns of the head, and of the row
  std::map<std::string, std::vector<size_t>> of_head_;
  JoinedCsv result_;
};

}  // namespace

std::string OtherHalf(const CsvProfile& profile, std::string_view file_name, bool* is_head) {
  if (profile.head_files.empty()) return {};
  *is_head = false;
  if (const auto star = StarOf(profile.files, file_name))
    return WithStar(profile.head_files, *star);
  *is_head = true;
  const auto star = StarOf(profile.head_files, file_name);
  return star ? WithStar(profile.files, *star) : std::string();
}

JoinedCsv JoinCsv(const CsvProfile& profile, std::string heads, std::string rows,
                  const Limits& limits) {
  const Table head_table = ReadTable(profile, &heads, limits);
  const Table row_table = ReadTable(profile, &rows, limits);
  for (const Table* table : {&head_table, &row_table}) {
    if (table->error) return {"", table->error};
  }
  return Joiner(profile, head_table, row_table).Run();
}

}  // namespace tillrelay::formats
