#include "common/sqlite/sqlite.h"

#include <sqlite3.h>

#include <utility>

namespace tillrelay::sqlite {
namespace {

// The database file's header: https://www.sqlite.org/fileformat2.html, section 1.3.
constexpr size_t kHeaderBytes = 100, kWriteVersion = 18, kReadVersion = 19;
constexpr char kWalVersion = 2;
constexpr char kRollbackVersion = 1;
constexpr int64_t kSyncFull = 2;
constexpr int kBusyTimeoutMs = 2000;

// While it lives, a lock of another connection is an answer and not a wait.
class NoWaiting {
 public:
  explicit NoWaiting(sqlite3* db) : db_(db) { sqlite3_busy_timeout(db_, 0); }
  ~NoWaiting() { sqlite3_busy_timeout(db_, kBusyTimeoutMs); }
  NoWaiting(const NoWaiting&) = delete;
  NoWaiting& operator=(const NoWaiting&) = delete;

 private:
  sqlite3* const db_;
};

Status Failure(sqlite3* db, const char* what) {
  const int code = db != nullptr ? sqlite3_extended_errcode(db) : SQLITE_NOMEM;
  const std::string text = std::string(what) + ": " +
                           (db != nullptr ? sqlite3_errmsg(db) : "out of memory") + " (" +
                           std::to_string(code) + ")";
  switch (code & 0xff) {
    case SQLITE_FULL:
      return Full(text);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Corrupt(text);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Busy(text);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return Unavailable(text);
    case SQLITE_CONSTRAINT:
      return Conflict(text);
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
      return Invalid(text);
    default:
      return Internal(text);
  }
}

}  // namespace

Statement::Statement(Statement&& other) noexcept
    : db_(other.db_), statement_(std::exchange(other.statement_, nullptr)) {}
Statement& Statement::operator=(Statement&& other) noexcept {
  if (this != &other) {
    sqlite3_finalize(statement_);
    db_ = other.db_;
    statement_ = std::exchange(other.statement_, nullptr);
  }
  return *this;
}
Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::Bind(int at, int64_t value) {
  CHECK(sqlite3_bind_int64(statement_, at, value) == SQLITE_OK);
  return *this;
}
Statement& Statement::BindText(int at, std::string_view text) {
  CHECK(sqlite3_bind_text64(statement_, at, text.empty() ? "" : text.data(), text.size(),
                            SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK);
  return *this;
}
Statement& Statement::BindBlob(int at, std::string_view bytes) {
  CHECK(sqlite3_bind_blob64(statement_, at, bytes.empty() ? "" : bytes.data(), bytes.size(),
                            SQLITE_STATIC) == SQLITE_OK);
  return *this;
}
Statement& Statement::BindNull(int at) {
  CHECK(sqlite3_bind_null(statement_, at) == SQLITE_OK);
  return *this;
}

Result<bool> Statement::Step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(statement_);
    return false;
  }
  Status failure = Failure(db_, "step");
  sqlite3_reset(statement_);
  return failure;
}

Status Statement::Run() {
  for (;;) {
    auto row = Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) return Status::Ok();
  }
}

void Statement::Reset() { sqlite3_reset(statement_); }

int64_t Statement::Int(int column) const { return sqlite3_column_int64(statement_, column); }
std::string_view Statement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  const auto size = static_cast<size_t>(sqlite3_column_bytes(statement_, column));
  return text == nullptr ? std::string_view() : std::string_view(text, size);
}
std::string_view Statement::Blob(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  const auto size = static_cast<size_t>(sqlite3_column_bytes(statement_, column));
  return bytes == nullptr ? std::string_view() : std::string_view(bytes, size);
}
void Statement::CopyTo(int column, Statement* to, int at) const {
  CHECK(sqlite3_bind_value(to->statement_, at, sqlite3_column_value(statement_, column)) ==
        SQLITE_OK);
}
int Statement::columns() const { return sqlite3_column_count(statement_); }

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

namespace {

// Counting every allocation takes a lock of the whole process for each.
void LeaveOutStatistics() {
  static const int once = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  CHECK(once == SQLITE_OK || once == SQLITE_MISUSE);  // misuse: somebody opened a database before
}

}  // namespace

Result<Database> Database::Open(const std::string& path, const OpenOptions& options) {
  LeaveOutStatistics();
  sqlite3* raw = nullptr;
  const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
                    (options.create && !options.read_only ? SQLITE_OPEN_CREATE : 0);
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags,
                                   options.vfs.empty() ? nullptr : options.vfs.c_str());
  Database db(raw);
  if (code != SQLITE_OK) return Failure(raw, "open").Within(path);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  if (options.keep_log) sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_busy_timeout(raw, kBusyTimeoutMs);
  TRY(db.Exec("PRAGMA foreign_keys=ON; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;"));
  TRY(db.Exec(("PRAGMA cache_size=-" + std::to_string(options.cache_kib)).c_str()));
  return db;
}

Database::Database(Database&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}
Database& Database::operator=(Database&& other) noexcept {
  if (this != &other) {
    Close();
    db_ = std::exchange(other.db_, nullptr);
  }
  return *this;
}
Database::~Database() { Close(); }
void Database::Close() { sqlite3_close_v2(std::exchange(db_, nullptr)); }

Status Database::Exec(const char* sql) {
  if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return Failure(db_, "exec");
  return Status::Ok();
}

Result<Statement> Database::Prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                         &raw, nullptr) != SQLITE_OK) {
    return Failure(db_, "prepare");
  }
  return Statement(db_, raw);
}

Status Database::PrepareAll(std::initializer_list<Wanted> all) {
  for (const auto& [statement, sql] : all) {
    auto prepared = Prepare(sql);
    if (!prepared.ok()) return std::move(prepared).status();
    *statement = *std::move(prepared);
  }
  return Status::Ok();
}

Result<int64_t> Database::QueryInt(std::string_view sql) {
  auto statement = Prepare(sql);
  if (!statement.ok()) return std::move(statement).status();
  auto row = statement->Step();
  if (!row.ok()) return std::move(row).status();
  if (!*row) return NotFound("the query gives no row");
  const int64_t value = statement->Int(0);
  TRY(statement->Run());
  return value;
}

Result<std::string> Database::QueryText(std::string_view sql) {
  auto statement = Prepare(sql);
  if (!statement.ok()) return std::move(statement).status();
  auto row = statement->Step();
  if (!row.ok()) return std::move(row).status();
  if (!*row) return NotFound("the query gives no row");
  std::string value(statement->Text(0));
  TRY(statement->Run());
  return value;
}

Result<std::string> Database::Header() {
  sqlite3_file* file = nullptr;
  sqlite3_int64 size = 0;
  std::string header(kHeaderBytes, '\0');
  const bool read =
      sqlite3_file_control(db_, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK &&
      file != nullptr && file->pMethods != nullptr &&
      file->pMethods->xFileSize(file, &size) == SQLITE_OK;
  if (!read) return Unavailable("the database file cannot be read");
  header.resize(static_cast<size_t>(std::min<sqlite3_int64>(size, kHeaderBytes)));
  if (!header.empty() &&
      file->pMethods->xRead(file, header.data(), static_cast<int>(header.size()), 0) != SQLITE_OK) {
    return Unavailable("the header of the database file cannot be read");
  }
  return header;
}

Status Database::MakeDurable() {
  auto mode = QueryText("PRAGMA journal_mode=WAL");
  if (!mode.ok()) return std::move(mode).status();
  TRY(Exec("PRAGMA synchronous=FULL"));
  auto synchronous = QueryInt("PRAGMA synchronous");
  if (!synchronous.ok()) return std::move(synchronous).status();
  auto header = Header();
  if (!header.ok()) return std::move(header).status();
  if (!header->starts_with("SQLite format 3")) return Corrupt("the file's header is damaged");
  const auto versions = [&header](char version) {
    return header->size() == kHeaderBytes && (*header)[kWriteVersion] == version &&
           (*header)[kReadVersion] == version;
  };
  if (*mode != "wal" || !versions(kWalVersion)) {
    if (!versions(kWalVersion) && !versions(kRollbackVersion)) {
      return Corrupt("the versions in the file's header are damaged");
    }
    return Unavailable("the database did not take a write-ahead log");
  }
  if (*synchronous != kSyncFull) return Unavailable("the database did not take synchronous=FULL");
  return Status::Ok();
}

int64_t Database::changes() const { return sqlite3_changes64(db_); }

Status Database::Checkpoint(bool restart, int* wal_pages) {
  int pages = 0;
  const int mode = restart ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE;
  if (sqlite3_wal_checkpoint_v2(db_, nullptr, mode, &pages, nullptr) != SQLITE_OK) {
    return Failure(db_, "checkpoint");
  }
  if (wal_pages != nullptr) *wal_pages = pages;
  return Status::Ok();
}

Status Database::TruncateLog() {
  const NoWaiting no_waiting(db_);
  if (sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr) !=
      SQLITE_OK) {
    return Failure(db_, "truncate log");
  }
  return Status::Ok();
}

Status Database::RestartLog() {
  const NoWaiting no_waiting(db_);
  return Checkpoint(true);
}

Status Database::SyncLog() {
  const NoWaiting no_waiting(db_);
  Status synced = Checkpoint(true);
  return synced.code() == Code::kBusy ? RewriteLog() : synced;
}

Status Database::ProbeLock() {
  const NoWaiting no_waiting(db_);
  Transaction transaction(this);
  return transaction.Begin();
}

// Only the writer may change the log, and nobody may begin it anew meanwhile: so under the write
// lock. Readers see the same bytes before and after.
Status Database::RewriteLog() {
  constexpr int64_t kPiece = 64 * 1024;
  Transaction transaction(this);
  TRY(transaction.Begin());
  sqlite3_file* log = nullptr;
  if (sqlite3_file_control(db_, nullptr, SQLITE_FCNTL_JOURNAL_POINTER, &log) != SQLITE_OK ||
      log == nullptr || log->pMethods == nullptr) {
    return Internal("the write-ahead log is not open");
  }
  const auto failed = [](const char* what, int code) {
    return Unavailable(std::string(what) + " the log: " + sqlite3_errstr(code));
  };
  sqlite3_int64 size = 0;
  if (const int code = log->pMethods->xFileSize(log, &size); code != SQLITE_OK) {
    return failed("measure", code);
  }
  std::string piece(static_cast<size_t>(kPiece), '\0');
  for (int64_t at = 0; at < size; at += kPiece) {
    const auto bytes = static_cast<int>(std::min<int64_t>(kPiece, size - at));
    int code = log->pMethods->xRead(log, piece.data(), bytes, at);
    if (code == SQLITE_OK) code = log->pMethods->xWrite(log, piece.data(), bytes, at);
    if (code != SQLITE_OK) return failed("write again", code);
  }
  const int code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
  return code == SQLITE_OK ? Status::Ok() : failed("sync", code);
}

Transaction::~Transaction() {
  if (active_) db_.Exec("ROLLBACK").ok();
}
Status Transaction::Begin() {
  TRY(db_.Exec("BEGIN IMMEDIATE"));
  active_ = true;
  return Status::Ok();
}
Status Transaction::Commit() {
  TRY(db_.Exec("COMMIT"));
  active_ = false;
  return Status::Ok();
}

}  // namespace tillrelay::sqlite
