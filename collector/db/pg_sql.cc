#include "collector/db/pg_sql.h"

#include <libpq-fe.h>

#include <functional>
#include <map>

#include "collector/db/pg_array.h"
#include "collector/db/schema.h"
#include "collector/db/secret_files.h"
#include "common/base/log.h"

namespace tillrelay::collector {
namespace {

// Session settings. Every statement is a look-up by key, so plans that read whole tables (which
// a planner without statistics chooses for new ones) are never wanted. A collector says something
// every second: one that is silent for a minute is frozen and must not go on leading.
constexpr const char* kSession =
    "SET synchronous_commit = on; SET client_encoding = 'UTF8'; SET jit = off;"
    "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;"
    "SET enable_material = off; SET plan_cache_mode = force_custom_plan;"
    "SET statement_timeout = '60s'; SET idle_in_transaction_session_timeout = '60s';"
    "SET idle_session_timeout = '60s'";
constexpr const char* kReaderSession =
    "SET client_encoding = 'UTF8'; SET jit = off; SET statement_timeout = '20s';"
    "SET default_transaction_read_only = on";
// Advisory locks, both of class "till": creating tables, and looking after the stores.
constexpr const char* kSchemaLock = "SELECT pg_advisory_xact_lock(1953066092, 1)";
constexpr Oid kBytea = 17;  // pg_type.dat
constexpr const char* kLeadLock = "SELECT pg_try_advisory_lock(1953066092, 2)";

using PgAnswer = std::unique_ptr<PGresult, decltype(&PQclear)>;

std::string OneLine(const char* text) {
  std::string line = text == nullptr ? "" : text;
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
  for (char& c : line) c = c == '\n' ? ' ' : c;
  return line;
}

// By SQLSTATE: what the caller should do.
Status Failure(const PGresult* answer, PGconn* connection) {
  const char* reported = answer == nullptr ? nullptr : PQresultErrorField(answer, PG_DIAG_SQLSTATE);
  const std::string_view state = reported == nullptr ? "" : reported;
  std::string text =
      OneLine(answer == nullptr ? PQerrorMessage(connection) : PQresultErrorMessage(answer));
  if (state.starts_with("53100")) return Full(text);
  // A value, a constraint, a limit: another row would have passed.
  for (const char* about_the_data : {"22", "23", "54"}) {
    if (state.starts_with(about_the_data)) return Invalid(text);
  }
  if (state.starts_with("XX001") || state.starts_with("XX002")) return Corrupt(text);
  return Unavailable(text.empty() ? "the connection to PostgreSQL is lost" : text);
}

// `{rows}` -> unnest($1::text[], $2::bigint[]) AS r(a, b)
std::string Expand(const Statement& statement, const Input& input) {
  std::string text = statement.text;
  const size_t at = text.find("{rows}");
  if (at == std::string::npos) return text;
  std::string arrays, names;
  int number = 0;
  for (const Input::Column& column : input.columns()) {
    if (number++ > 0) {
      arrays += ", ";
      names += ", ";
    }
    arrays += "$" + std::to_string(number) +
              (column.number  ? "::bigint[]"
               : column.bytes ? "::bytea[]"
                              : "::text[]");
    names += column.name;
  }
  return text.replace(at, 6, "unnest(" + arrays + ") AS r(" + names + ")");
}

class PgSql final : public Sql {
 public:
  PgSql(std::string url, Access access) : url_(std::move(url)), access_(access) {}

  Status Open();
  Status Begin() override;
  Status Queue(const Statement& statement, const Input& input) override;
  Result<std::vector<Rows>> RunAll(const std::vector<Call>& calls) override;
  Status Commit() override;
  Status Announce(uint64_t position) override;
  Status Snapshot() override { return Send("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); }
  void Rollback() override;
  Status Reopen() override;
  bool usable() const override {
    return connection_ && PQstatus(connection_.get()) == CONNECTION_OK;
  }
  Result<bool> Lead() override;
  bool shared() const override { return true; }

 private:
  Status Migrate();
  // Plain calls, outside the pipeline.
  Status Exec(const char* text);
  Result<std::string> Value(const char* text);
  // Into the pipeline; `found` is filled by Sync.
  Status Send(const char* text);
  Status Send(const Statement& statement, const Input& input, Rows* found);
  Status Sync();

  const std::string url_;
  const Access access_;
  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_{nullptr, PQfinish};
  // One for each answer to come.
  struct Expected {
    Rows* found = nullptr;                // null: not wanted
    const Statement* prepares = nullptr;  // known only once the server has said so
  };
  std::map<const Statement*, std::string> prepared_;
  uint64_t names_ = 0;  // of prepared statements, never used twice
  std::vector<Expected> sent_;
  bool leads_ = false;
};

Status PgSql::Open() {
  // What the url says later wins.
  const char* keys[] = {"connect_timeout",
                        "keepalives_idle",
                        "keepalives_interval",
                        "keepalives_count",
                        "tcp_user_timeout",
                        "application_name",
                        "dbname",
                        nullptr};
  const char* values[] = {"10",         "10",   "5", "3", "30000", "tillrelay-collector",
                          url_.c_str(), nullptr};
  connection_.reset(PQconnectdbParams(keys, values, 1));
  prepared_.clear();
  sent_.clear();
  leads_ = false;
  if (PQstatus(connection_.get()) != CONNECTION_OK) {
    // libpq repeats what it could not read of the address.
    const Status failure = Failure(nullptr, connection_.get());
    return Status(failure.code(), WithoutPassword(failure.message(), url_));
  }
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
  TRY(Exec(access_ == Access::kRead ? kReaderSession : kSession));
  if (access_ == Access::kWrite) TRY(Migrate());
  if (PQenterPipelineMode(connection_.get()) != 1) return Internal("no pipeline mode");
  return Status::Ok();
}

Status PgSql::Migrate() {
  auto encoding = Value("SHOW server_encoding");
  if (!encoding.ok()) return std::move(encoding).status();
  if (*encoding != "UTF8") return Invalid("the database must be created with encoding UTF8");
  TRY(Exec("BEGIN"));
  TRY(Exec("SET LOCAL statement_timeout = 0"));  // an index of many rows takes its time
  TRY(Exec(kSchemaLock));                        // another collector may start at the same time
  TRY(Exec("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)"));
  auto version = Value("SELECT COALESCE(MAX(version), 0) FROM schema_version");
  if (!version.ok()) return std::move(version).status();
  const int64_t from = std::atoll(version->c_str());
  if (from != kSchemaVersion) {
    auto steps = SchemaSteps(Dialect::kPostgres, from);
    if (!steps.ok()) return std::move(steps).status();
    TRY(Exec(steps->c_str()));
    const std::string mark = "DELETE FROM schema_version; INSERT INTO schema_version VALUES (" +
                             std::to_string(kSchemaVersion) + ")";
    TRY(Exec(mark.c_str()));
  }
  return Exec("COMMIT");
}

Status PgSql::Exec(const char* text) {
  const PgAnswer answer(PQexec(connection_.get(), text), PQclear);
  const ExecStatusType status = PQresultStatus(answer.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return Status::Ok();
  return Failure(answer.get(), connection_.get());
}

Result<std::string> PgSql::Value(const char* text) {
  const PgAnswer answer(PQexec(connection_.get(), text), PQclear);
  if (PQresultStatus(answer.get()) != PGRES_TUPLES_OK || PQntuples(answer.get()) != 1) {
    return Failure(answer.get(), connection_.get());
  }
  return std::string(PQgetvalue(answer.get(), 0, 0));
}

Status PgSql::Send(const char* text) {
  if (!usable()) return Unavailable("not connected to PostgreSQL");
  const int sent =
      PQsendQueryParams(connection_.get(), text, 0, nullptr, nullptr, nullptr, nullptr, 0);
  if (sent != 1) return Failure(nullptr, connection_.get());
  sent_.emplace_back();
  return Status::Ok();
}

Status PgSql::Send(const Statement& statement, const Input& input, Rows* found) {
  if (!usable()) return Unavailable("not connected to PostgreSQL");
  auto [name, fresh] = prepared_.try_emplace(&statement);
  if (fresh) {
    name->second = "s" + std::to_string(++names_);
    const std::string text = Expand(statement, input);
    const int sent =
        PQsendPrepare(connection_.get(), name->second.c_str(), text.c_str(), 0, nullptr);
    if (sent != 1) return Failure(nullptr, connection_.get());
    sent_.push_back({nullptr, &statement});
  }
  std::vector<std::string> arrays;
  for (const Input::Column& column : input.columns()) arrays.push_back(PgArray(column));
  std::vector<const char*> values;
  std::vector<int> lengths, formats(arrays.size(), 1);
  for (const std::string& array : arrays) {
    values.push_back(array.data());
    lengths.push_back(static_cast<int>(array.size()));
  }
  const int count = static_cast<int>(arrays.size());
  const int sent = PQsendQueryPrepared(connection_.get(), name->second.c_str(), count,
                                       values.data(), lengths.data(), formats.data(), 0);
  if (sent != 1) return Failure(nullptr, connection_.get());
  sent_.push_back({found, nullptr});
  return Status::Ok();
}

std::string Cell(const PGresult* answer, int row, int column) {
  std::string text(PQgetvalue(answer, row, column),
                   static_cast<size_t>(PQgetlength(answer, row, column)));
  if (PQftype(answer, column) != kBytea) return text;
  size_t size = 0;
  const std::unique_ptr<unsigned char, decltype(&PQfreemem)> bytes(
      PQunescapeBytea(reinterpret_cast<const unsigned char*>(text.c_str()), &size), PQfreemem);
  return bytes == nullptr ? std::string()
                          : std::string(reinterpret_cast<const char*>(bytes.get()), size);
}

void Copy(const PGresult* answer, Rows* found) {
  const int width = PQnfields(answer), count = PQntuples(answer);
  found->width = static_cast<size_t>(width);
  found->cells.reserve(found->width * static_cast<size_t>(count));
  for (int row = 0; row < count; ++row) {
    for (int column = 0; column < width; ++column) {
      found->cells.push_back(Cell(answer, row, column));
    }
  }
}

// Sends what is queued and takes every answer. The first failure is the one that is told; what
// stood behind it has not been done, so its statements are not prepared either.
Status PgSql::Sync() {
  const std::vector<Expected> sent = std::exchange(sent_, {});
  if (!usable() || PQpipelineSync(connection_.get()) != 1) {
    return Failure(nullptr, connection_.get());
  }
  Status first;
  for (size_t i = 0; i <= sent.size(); ++i) {  // the last answer is the sync's own
    const PgAnswer answer(PQgetResult(connection_.get()), PQclear);
    const ExecStatusType status = PQresultStatus(answer.get());
    if (answer == nullptr || !usable()) return Failure(answer.get(), connection_.get());
    const bool good =
        status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_PIPELINE_SYNC;
    if (!good && first.ok()) first = Failure(answer.get(), connection_.get());
    if (!good && i < sent.size() && sent[i].prepares != nullptr) prepared_.erase(sent[i].prepares);
    if (status == PGRES_TUPLES_OK && i < sent.size() && sent[i].found != nullptr) {
      Copy(answer.get(), sent[i].found);
    }
    if (status == PGRES_PIPELINE_SYNC) break;
    PQclear(PQgetResult(connection_.get()));  // the null that ends each answer
  }
  return first;
}

Status PgSql::Begin() {
  TRY(Send("BEGIN"));
  return Send("SELECT position FROM head FOR UPDATE");
}

Status PgSql::Queue(const Statement& statement, const Input& input) {
  return input.empty() ? Status::Ok() : Send(statement, input, nullptr);
}

Result<std::vector<Rows>> PgSql::RunAll(const std::vector<Call>& calls) {
  std::vector<Rows> found(calls.size());
  for (size_t i = 0; i < calls.size(); ++i) {
    if (calls[i].input->empty()) continue;
    TRY(Send(*calls[i].statement, *calls[i].input, &found[i]));
  }
  TRY(Sync());
  return found;
}

Status PgSql::Commit() {
  TRY(Send("COMMIT"));
  return Sync();
}

Status PgSql::Announce(uint64_t position) {
  const std::string text = "NOTIFY tillrelay_changes, '" + std::to_string(position) + "'";
  return Send(text.c_str());
}

// What was queued is taken off the line, then the transaction is ended.
void PgSql::Rollback() {
  if (!usable()) return;
  if (!sent_.empty()) (void)Sync();
  if (!usable() || PQtransactionStatus(connection_.get()) == PQTRANS_IDLE) return;
  if (!Send("ROLLBACK").ok() || !Sync().ok()) connection_.reset();
}

Status PgSql::Reopen() {
  connection_.reset();
  return Open();
}

Result<bool> PgSql::Lead() {
  if (leads_ && usable()) return true;
  Rows found;
  TRY(Send(kLeadLock));
  sent_.back().found = &found;
  TRY(Sync());
  leads_ = !found.empty() && found.Text(0, 0) == "t";
  return leads_;
}

}  // namespace

Result<std::unique_ptr<Sql>> OpenPg(const std::string& url, Access access) {
  auto sql = std::make_unique<PgSql>(url, access);
  TRY(sql->Open());
  return std::unique_ptr<Sql>(std::move(sql));
}

}  // namespace tillrelay::collector
