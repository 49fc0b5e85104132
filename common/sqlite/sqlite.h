// What: SQLite's C interface with owners and Status: connection, statement, transaction.
// Promise: every call's result is checked; nothing is retried here. Extended codes are mapped once:
//   full -> Code::kFull, corrupt or no database -> kCorrupt, busy or locked
//   -> kBusy, I/O -> kUnavailable.
// Thread: a connection and its statements belong to one thread (SQLITE_OPEN_NOMUTEX).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "common/base/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tillrelay::sqlite {

class Database;

class Statement {
 public:
  Statement() = default;
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  // Parameters count from 1. Bytes are not copied: they live until Reset or the next bind.
  Statement& Bind(int at, int64_t value);
  Statement& Bind(int at, uint64_t value) { return Bind(at, static_cast<int64_t>(value)); }
  Statement& Bind(int at, int value) { return Bind(at, static_cast<int64_t>(value)); }
  Statement& BindText(int at, std::string_view text);
  Statement& BindBlob(int at, std::string_view bytes);
  Statement& BindNull(int at);

  // True: a row is there. The statement is reset when it is done or has failed.
  Result<bool> Step();
  // Steps to the end, ignoring rows, and resets.
  Status Run();
  void Reset();

  // Columns count from 0; views live until the next Step or Reset.
  int64_t Int(int column) const;
  uint64_t Unsigned(int column) const { return static_cast<uint64_t>(Int(column)); }
  std::string_view Text(int column) const;
  std::string_view Blob(int column) const;
  bool IsNull(int column) const;
  // False, and nothing is copied: the blob has another length.
  template <size_t N>
  bool CopyBlob(int column, std::array<uint8_t, N>* out) const {
    const std::string_view blob = Blob(column);
    if (blob.size() != N) return false;
    std::copy_n(reinterpret_cast<const uint8_t*>(blob.data()), N, out->begin());
    return true;
  }
  // Binds the column, whatever its type, as a parameter of another statement.
  void CopyTo(int column, Statement* to, int at) const;
  int columns() const;
  bool prepared() const { return statement_ != nullptr; }

 private:
  friend class Database;
  Statement(sqlite3* db, sqlite3_stmt* statement) : db_(db), statement_(statement) {}
  sqlite3* db_ = nullptr;
  sqlite3_stmt* statement_ = nullptr;
};

struct OpenOptions {
  bool read_only = false;
  bool create = true;
  std::string vfs = {};   // "" is the default
  bool keep_log = false;  // closing leaves the write-ahead log as it is
  int cache_kib = 6144;
};

class Database {
 public:
  // Opens with untrusted-schema defences on, foreign files and all: trusted_schema off, defensive.
  static Result<Database> Open(const std::string& path, const OpenOptions& options);
  Database() = default;
  Database(Database&& other) noexcept;
  Database& operator=(Database&& other) noexcept;
  ~Database();
  bool open() const { return db_ != nullptr; }
  void Close();

  Status Exec(const char* sql);
  Result<Statement> Prepare(std::string_view sql);
  struct Wanted {
    Statement* statement;
    const char* sql;
  };
  // The first that cannot be prepared is the failure.
  Status PrepareAll(std::initializer_list<Wanted> all);
  // The single value of a query without parameters; read only after the statement has ended, so
  // that a setting whose writing failed is never taken for set.
  Result<int64_t> QueryInt(std::string_view sql);
  Result<std::string> QueryText(std::string_view sql);

  // Sets the write-ahead log and a sync for every commit, and reads both back: from the pragmas and
  // from the file's own header. Unavailable: the file system or the disk did not take them;
  // corrupt: the header is none.
  Status MakeDurable();
  // At most 100 bytes from the start of the database file, read through SQLite's own handle (a
  // second one would drop its locks when it is closed).
  Result<std::string> Header();

  int64_t changes() const;
  // Copies the write-ahead log into the database. `restart`: the next write starts at its
  // beginning. Only the one writing connection may call this.
  Status Checkpoint(bool restart, int* wal_pages = nullptr);
  // Copies the log into the database, so that the next write starts at its beginning; TruncateLog
  // cuts its file off as well: everything is in the database file then, and synced. These, SyncLog
  // and ProbeLock wait for no other connection: while one needs the log, or writes, the answer is
  // busy.
  Status RestartLog();
  Status TruncateLog();
  // Makes everything that the log holds durable, even where an earlier sync has failed: copies it
  // into the database, or, while a reader is in the way, writes the log's own bytes once more and
  // syncs them.
  Status SyncLog();
  // Ok when a transaction could begin to write at this moment.
  Status ProbeLock();

 private:
  explicit Database(sqlite3* db) : db_(db) {}
  Status RewriteLog();
  sqlite3* db_ = nullptr;
};

// Rolls back unless committed.
class Transaction {
 public:
  explicit Transaction(Database* db) : db_(*db) {}
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  Status Begin();  // BEGIN IMMEDIATE
  Status Commit();

 private:
  Database& db_;
  bool active_ = false;
};

}  // namespace tillrelay::sqlite
