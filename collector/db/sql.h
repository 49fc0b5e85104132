// What: a database as the collector's tables see it: one SQL text for both, run over many rows of
//   input at once.
// Promise: `{rows}` in a text stands for the input as a relation named `r`; SQLite runs the text
//   once a row, PostgreSQL once over arrays. What is queued is sent with the next Run or Commit,
//   in order, in one round trip. After a failed call nothing of the transaction can be committed.
//   A failure that is about the data, not about the database, is told apart (IsDataError).
//   Committed means on the disk: SQLite with synchronous=FULL, PostgreSQL with synchronous_commit.
// Thread: one.
// Errors: unavailable (try later, after Reopen), full, corrupt, invalid (while opening: a newer
//   program's tables, a url that cannot work; later: a row that this database cannot take),
//   conflict (another process owns the SQLite file).
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace tillrelay::collector {

// A text and the names of its input's columns, blanks between; `#` behind a name marks an integer,
// `!` bytes.
struct Statement {
  constexpr Statement() = default;
  constexpr Statement(const char* sql, const char* input) : text(sql), columns(input) {}
  const char* text = "";
  const char* columns = "";
};

// Rows of input, given value by value from left to right. Texts are not copied: they live until
// the statement has been run or queued.
class Input {
 public:
  struct Column {
    std::string name;
    bool number = false, bytes = false;
    std::vector<int64_t> numbers;
    std::vector<std::string_view> texts;
    std::vector<bool> nulls;
    bool has_null = false;
    size_t size() const { return nulls.size(); }
  };

  explicit Input(const Statement& statement);
  Input& Int(int64_t value);
  Input& Int(uint64_t value) { return Int(static_cast<int64_t>(value)); }
  Input& Text(std::string_view text);
  Input& Own(std::string text);  // a text that lives as long as this
  Input& Null();

  size_t rows() const { return columns_.empty() ? 1 : columns_.front().size(); }
  bool empty() const { return rows() == 0; }
  const std::vector<Column>& columns() const { return columns_; }

 private:
  Column& Next();
  std::vector<Column> columns_;
  std::deque<std::string> owned_;
  size_t next_ = 0;
};

// What was found; NULL is "".
struct Rows {
  size_t width = 0;
  std::vector<std::string> cells;
  size_t size() const { return width == 0 ? 0 : cells.size() / width; }
  bool empty() const { return cells.empty(); }
  const std::string& Text(size_t row, size_t column) const { return cells[row * width + column]; }
  int64_t Int(size_t row, size_t column) const;
  uint64_t Unsigned(size_t row, size_t column) const {
    return static_cast<uint64_t>(Int(row, column));
  }
};

// Of a call or a commit: the same rows will fail again, other rows need not.
inline bool IsDataError(const Status& status) { return status.code() == Code::kInvalid; }

struct Call {
  const Statement* statement;
  const Input* input;
};

class Sql {
 public:
  virtual ~Sql() = default;
  // The one writing transaction: where several collectors share a database they wait for each
  // other here.
  virtual Status Begin() = 0;
  virtual Status Queue(const Statement& statement, const Input& input) = 0;
  virtual Result<std::vector<Rows>> RunAll(const std::vector<Call>& calls) = 0;
  virtual Status Commit() = 0;
  // Inside a transaction that counted: wakes those who listen (PostgreSQL's NOTIFY).
  virtual Status Announce(uint64_t position) = 0;
  // What is read from here to Rollback is of one moment; nothing can be written.
  virtual Status Snapshot() = 0;
  virtual void Rollback() = 0;
  // Never makes a database anew: one that is gone stays a failure.
  virtual Status Reopen() = 0;
  // Whether what is written can be found again. Unavailable: the file has another name now, or
  // none. A commit says so as well.
  virtual Status InPlace() { return Status::Ok(); }
  virtual bool usable() const = 0;
  // Whether this collector is the one that asks for gaps and looks after stores; one at a time.
  virtual Result<bool> Lead() = 0;
  // Others may write too: what is remembered must be read again.
  virtual bool shared() const = 0;

  Result<Rows> Run(const Statement& statement, const Input& input);
  Result<Rows> Run(const Statement& statement) { return Run(statement, Input(statement)); }
};

// kWrite makes or migrates the tables; kPlain takes them as they are.
enum class Access { kRead, kPlain, kWrite };

inline constexpr std::string_view kSqliteScheme = "sqlite:";
inline constexpr std::string_view kPostgresScheme = "postgresql://";

// The writing connection: makes or migrates the tables. Of a SQLite file it is the only one.
Result<std::unique_ptr<Sql>> OpenWriter(const std::string& url);
// A connection that only reads.
Result<std::unique_ptr<Sql>> OpenReader(const std::string& url);
// A connection that takes the tables as they are, beside a writer: for tools and tests.
Result<std::unique_ptr<Sql>> OpenPlain(const std::string& url, bool read_only);

// "postgresql://host/name" without user and password, for the log.
std::string ShownUrl(const std::string& url);

}  // namespace tillrelay::collector
