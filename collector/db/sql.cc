#include "collector/db/sql.h"

#include <charconv>

#include "collector/db/pg_sql.h"
#include "collector/db/secret_files.h"
#include "collector/db/sqlite_sql.h"

namespace tillrelay::collector {

Input::Input(const Statement& statement) {
  std::string_view rest = statement.columns;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(' '), rest.size());
    std::string_view word = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    Column& column = columns_.emplace_back();
    column.number = word.ends_with('#');
    column.bytes = word.ends_with('!');
    if (column.number || column.bytes) word.remove_suffix(1);
    column.name = word;
  }
}

Input::Column& Input::Next() {
  Column& column = columns_[next_];
  next_ = (next_ + 1) % columns_.size();
  return column;
}

Input& Input::Int(int64_t value) {
  Column& column = Next();
  CHECK(column.number);
  column.numbers.push_back(value);
  column.nulls.push_back(false);
  return *this;
}

Input& Input::Text(std::string_view text) {
  Column& column = Next();
  CHECK(!column.number);
  column.texts.push_back(text);
  column.nulls.push_back(false);
  return *this;
}

Input& Input::Own(std::string text) { return Text(owned_.emplace_back(std::move(text))); }

Input& Input::Null() {
  Column& column = Next();
  if (column.number) {
    column.numbers.push_back(0);
  } else {
    column.texts.push_back({});
  }
  column.nulls.push_back(true);
  column.has_null = true;
  return *this;
}

int64_t Rows::Int(size_t row, size_t column) const {
  const std::string& text = Text(row, column);
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Result<Rows> Sql::Run(const Statement& statement, const Input& input) {
  auto all = RunAll({{&statement, &input}});
  if (!all.ok()) return std::move(all).status();
  return std::move(all->front());
}

Result<std::unique_ptr<Sql>> OpenWriter(const std::string& url) {
  if (url.starts_with(kPostgresScheme)) return OpenPg(url, Access::kWrite);
  return OpenSqlite(url.substr(kSqliteScheme.size()), Access::kWrite);
}

Result<std::unique_ptr<Sql>> OpenReader(const std::string& url) { return OpenPlain(url, true); }

Result<std::unique_ptr<Sql>> OpenPlain(const std::string& url, bool read_only) {
  const Access access = read_only ? Access::kRead : Access::kPlain;
  if (url.starts_with(kPostgresScheme)) return OpenPg(url, access);
  return OpenSqlite(url.substr(kSqliteScheme.size()), access);
}

std::string ShownUrl(const std::string& url) {
  if (!url.starts_with(kPostgresScheme)) return url;
  std::string_view rest = std::string_view(url).substr(kPostgresScheme.size());
  rest = rest.substr(0, rest.find('?'));  // a password may stand in the parameters
  const size_t at = rest.rfind('@');
  if (at != std::string_view::npos) rest.remove_prefix(at + 1);
  return WithoutPassword(std::string(kPostgresScheme).append(rest), url);
}

}  // namespace tillrelay::collector
