#include "collector/db/sqlite_sql.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <set>

#include "collector/db/schema.h"
#include "common/base/files.h"
#include "common/sqlite/sqlite.h"

namespace tillrelay::collector {
namespace {

constexpr int kCacheKib = 64 * 1024;

bool IsWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

Result<Fd> TakeLock(const std::string& path) {
  Fd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
  if (!fd.valid()) return Unavailable(path + ": " + ErrnoText(errno));
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    return Conflict(path + " is held: another tillrelay-collector uses this database");
  }
  return fd;
}

// `r.a, CAST(r.b AS NUMERIC)` -> `?1, CAST(?2 AS NUMERIC)`; nothing if a column is not used.
std::optional<std::string> Numbered(std::string_view expressions, const Input& input) {
  std::string text;
  std::set<std::string> used;
  for (size_t at = 0; at < expressions.size();) {
    const char before = at == 0 ? ' ' : expressions[at - 1];
    if (IsWordCharacter(before) || !expressions.substr(at).starts_with("r.")) {
      text += expressions[at++];
      continue;
    }
    size_t end = at + 2;
    while (end < expressions.size() && IsWordCharacter(expressions[end])) ++end;
    const std::string name(expressions.substr(at + 2, end - at - 2));
    const auto& columns = input.columns();
    const auto column = std::find_if(columns.begin(), columns.end(),
                                     [&](const Input::Column& c) { return c.name == name; });
    if (column == columns.end()) return std::nullopt;
    text += "?" + std::to_string(column - columns.begin() + 1);
    used.insert(name);
    at = end;
  }
  if (used.size() != input.columns().size()) return std::nullopt;
  return text;
}

// `INSERT .. SELECT r.a FROM {rows} WHERE true ON CONFLICT ..` -> `INSERT .. VALUES (?1) ON
// CONFLICT ..`. For a SELECT, which might give several rows, SQLite keeps a journal of the
// statement: a tenth of the time of all writes.
std::optional<std::string> AsValues(std::string_view text, const Input& input) {
  constexpr std::string_view kSelect = " SELECT ", kFrom = " FROM {rows}", kAll = " WHERE true";
  const size_t select = text.find(kSelect), from = text.find(kFrom);
  if (!text.starts_with("INSERT INTO ") || from == std::string_view::npos || select > from) {
    return std::nullopt;
  }
  std::string_view rest = text.substr(from + kFrom.size());
  if (rest.starts_with(kAll)) rest.remove_prefix(kAll.size());
  if (!rest.empty() && !rest.starts_with(" ON CONFLICT")) return std::nullopt;
  const size_t first = select + kSelect.size();
  const auto values = Numbered(text.substr(first, from - first), input);
  if (!values) return std::nullopt;
  return std::string(text.substr(0, select)) + " VALUES (" + *values + ")" + std::string(rest);
}

// `{rows}` -> (SELECT ?1 AS a, ?2 AS b) AS r
std::string Expand(const Statement& statement, const Input& input) {
  std::string text = statement.text;
  if (auto values = AsValues(text, input)) return *std::move(values);
  const size_t at = text.find("{rows}");
  if (at == std::string::npos) return text;
  std::string relation = "(SELECT ";
  int number = 0;
  for (const Input::Column& column : input.columns()) {
    if (number++ > 0) relation += ", ";
    relation += "?" + std::to_string(number) + " AS " + column.name;
  }
  return text.replace(at, 6, relation + ") AS r");
}

// A constraint that a row breaks is about the row.
Status OfTheData(Status failure) {
  if (failure.code() != Code::kConflict) return failure;
  return Invalid(failure.message());
}

class SqliteSql final : public Sql {
 public:
  SqliteSql(std::string path, Access access) : path_(std::move(path)), access_(access) {}

  Status Open();
  Status Begin() override;
  Status Queue(const Statement& statement, const Input& input) override;
  Result<std::vector<Rows>> RunAll(const std::vector<Call>& calls) override;
  Status Commit() override;
  Status Announce(uint64_t) override { return Status::Ok(); }
  Status Snapshot() override;
  void Rollback() override;
  Status Reopen() override;
  Status InPlace() override;
  bool usable() const override { return db_.open(); }
  Result<bool> Lead() override { return true; }
  bool shared() const override { return false; }

 private:
  // Which file lies under a name.
  struct FileId {
    dev_t device = 0;
    ino_t inode = 0;  // 0: none
    bool operator==(const FileId&) const = default;
  };
  static FileId IdOf(const std::string& path);
  Status Prepare();
  Result<sqlite::Statement*> Prepared(const Statement& statement, const Input& input);
  Status Each(const Call& call, Rows* found);

  const std::string path_;
  const Access access_;
  Fd lock_;
  sqlite::Database db_;
  std::map<const Statement*, sqlite::Statement> prepared_;
  std::optional<sqlite::Transaction> transaction_;
  bool snapshot_ = false;
  bool opened_ = false;  // once: the database is not made again
  FileId file_, log_;    // as they were opened; the log appears with the first write
};

SqliteSql::FileId SqliteSql::IdOf(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return {};
  return {info.st_dev, info.st_ino};
}

Status SqliteSql::Open() {
  sqlite::OpenOptions options;
  const bool writes = access_ == Access::kWrite;
  if (writes) options.cache_kib = kCacheKib;
  options.read_only = access_ == Access::kRead;
  options.create = writes && !opened_;
  if (writes) {
    auto lock = TakeLock(path_ + ".lock");
    if (!lock.ok()) return std::move(lock).status();
    lock_ = *std::move(lock);
  }
  auto db = sqlite::Database::Open(path_, options);
  if (!db.ok()) return std::move(db).status();
  db_ = *std::move(db);
  if (!writes) return Status::Ok();
  Status prepared = Prepare();
  if (!prepared.ok()) db_ = {};
  opened_ = opened_ || prepared.ok();
  file_ = IdOf(path_);
  log_ = IdOf(path_ + "-wal");
  return std::move(prepared).Within(path_);
}

Status SqliteSql::Prepare() {
  TRY(db_.MakeDurable());
  TRY(db_.Exec("PRAGMA wal_autocheckpoint=4000"));
  auto version = db_.QueryInt("PRAGMA user_version");
  if (!version.ok()) return std::move(version).status();
  if (*version == kSchemaVersion) return Status::Ok();
  auto steps = SchemaSteps(Dialect::kSqlite, *version);
  if (!steps.ok()) return std::move(steps).status();
  sqlite::Transaction transaction(&db_);
  TRY(transaction.Begin());
  TRY(db_.Exec(steps->c_str()));
  TRY(db_.Exec(("PRAGMA user_version=" + std::to_string(kSchemaVersion)).c_str()));
  return transaction.Commit();
}

Status SqliteSql::Begin() {
  CHECK(!transaction_);
  transaction_.emplace(&db_);
  Status begun = transaction_->Begin();
  if (!begun.ok()) transaction_.reset();
  return begun;
}

Status SqliteSql::Snapshot() {
  TRY(db_.Exec("BEGIN"));
  snapshot_ = true;
  return Status::Ok();
}

void SqliteSql::Rollback() {
  transaction_.reset();
  if (snapshot_) (void)db_.Exec("ROLLBACK");
  snapshot_ = false;
}

Status SqliteSql::Commit() {
  CHECK(transaction_);
  TRY(transaction_->Commit());
  transaction_.reset();
  return access_ == Access::kWrite ? InPlace() : Status::Ok();
}

Status SqliteSql::InPlace() {
  const FileId file = IdOf(path_), log = IdOf(path_ + "-wal");
  if (log_.inode == 0) log_ = log;
  if (file == file_ && log == log_) return Status::Ok();
  return Unavailable(path_ +
                     " or its log was removed, moved or replaced while it was open; put it "
                     "back, or start the collector anew");
}

// A connection that failed to sync is not trusted again: what it holds in memory may never have
// reached the disk.
Status SqliteSql::Reopen() {
  transaction_.reset();
  snapshot_ = false;
  prepared_.clear();
  db_ = {};
  lock_ = {};
  TRY(Open());
  return access_ == Access::kWrite ? db_.Checkpoint(true) : Status::Ok();
}

Result<sqlite::Statement*> SqliteSql::Prepared(const Statement& statement, const Input& input) {
  const auto found = prepared_.find(&statement);
  if (found != prepared_.end()) return &found->second;
  auto fresh = db_.Prepare(Expand(statement, input));
  if (!fresh.ok()) return std::move(fresh).status();
  return &prepared_.emplace(&statement, *std::move(fresh)).first->second;
}

Status SqliteSql::Queue(const Statement& statement, const Input& input) {
  return Each({&statement, &input}, nullptr);
}

Result<std::vector<Rows>> SqliteSql::RunAll(const std::vector<Call>& calls) {
  std::vector<Rows> found(calls.size());
  for (size_t i = 0; i < calls.size(); ++i) TRY(Each(calls[i], &found[i]));
  return found;
}

Status SqliteSql::Each(const Call& call, Rows* found) {
  auto prepared = Prepared(*call.statement, *call.input);
  if (!prepared.ok()) return std::move(prepared).status();
  sqlite::Statement& sql = **prepared;
  for (size_t row = 0; row < call.input->rows(); ++row) {
    int at = 0;
    for (const Input::Column& column : call.input->columns()) {
      ++at;
      if (column.nulls[row]) {
        sql.BindNull(at);
      } else if (column.number) {
        sql.Bind(at, column.numbers[row]);
      } else if (column.bytes) {
        sql.BindBlob(at, column.texts[row]);
      } else {
        sql.BindText(at, column.texts[row]);
      }
    }
    for (;;) {
      auto step = sql.Step();
      if (!step.ok()) return OfTheData(std::move(step).status());
      if (!*step) break;
      if (found == nullptr) continue;
      found->width = static_cast<size_t>(sql.columns());
      for (int i = 0; i < sql.columns(); ++i) found->cells.emplace_back(sql.Text(i));
    }
  }
  return Status::Ok();
}

}  // namespace

Result<std::unique_ptr<Sql>> OpenSqlite(const std::string& path, Access access) {
  auto sql = std::make_unique<SqliteSql>(path, access);
  TRY(sql->Open());
  return std::unique_ptr<Sql>(std::move(sql));
}

}  // namespace tillrelay::collector
