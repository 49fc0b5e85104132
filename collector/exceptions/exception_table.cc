#include "collector/exceptions/exception_table.h"

#include <algorithm>

#include "common/base/decimal.h"

namespace tillrelay::collector {
namespace {

#define TILLRELAY_EXCEPTION                                                                   \
  "SELECT x.store_id, x.kind, x.subject, x.item, x.level, x.since, x.last_seen, x.ended,"     \
  " x.state, x.assignee, x.note, x.actor, x.changed_at, x.weight, x.decided_weight, x.money," \
  " x.currency, x.detail, x.times FROM "

const Statement kByKey(TILLRELAY_EXCEPTION
                       "{rows} JOIN exception x ON x.store_id = r.a AND x.kind = r.b"
                       " AND x.subject = r.c",
                       "a b c");
const Statement kByStatus(TILLRELAY_EXCEPTION
                          "{rows} JOIN exception x ON x.kind = r.a AND x.ended = 0",
                          "a");
const Statement kSave(
    "INSERT INTO exception (store_id, kind, subject, item, level, since, last_seen, ended, state,"
    " assignee, note, actor, changed_at, weight, decided_weight, money, currency, detail, times)"
    " SELECT r.a, r.b, r.c, r.d, r.e, r.f, r.g, r.h, r.i, r.j, r.k, r.l, r.m, r.n, r.o, r.p, r.q,"
    " r.s, r.t FROM {rows} WHERE true ON CONFLICT (store_id, kind, subject) DO UPDATE SET"
    " item = excluded.item, level = excluded.level, since = excluded.since,"
    " last_seen = excluded.last_seen, ended = excluded.ended, state = excluded.state,"
    " assignee = excluded.assignee, note = excluded.note, actor = excluded.actor,"
    " changed_at = excluded.changed_at, weight = excluded.weight,"
    " decided_weight = excluded.decided_weight, money = excluded.money,"
    " currency = excluded.currency, detail = excluded.detail, times = excluded.times",
    "a b c d e# f g h# i j k l m n# o# p# q s t#");
const Statement kAudit(
    "INSERT INTO exception_audit (store_id, kind, subject, number, at, actor, token, state,"
    " assignee, note) SELECT r.a, r.b, r.c, (SELECT COALESCE(MAX(o.number), 0) + 1 FROM"
    " exception_audit o WHERE o.store_id = r.a AND o.kind = r.b AND o.subject = r.c),"
    " r.d, r.e, r.f, r.g, r.h, r.i FROM {rows} WHERE true",
    "a b c d e f g h i");
const Statement kShortenAudit(
    "DELETE FROM exception_audit WHERE (store_id, kind, subject, number) IN"
    " (SELECT o.store_id, o.kind, o.subject, o.number FROM {rows} JOIN exception_audit o"
    " ON o.store_id = r.a AND o.kind = r.b AND o.subject = r.c AND o.number <="
    " (SELECT MAX(n.number) - 100 FROM exception_audit n WHERE n.store_id = r.a AND n.kind = r.b"
    " AND n.subject = r.c))",
    "a b c");
const Statement kReadAudit(
    "SELECT o.at, o.actor, o.token, o.state, o.assignee, o.note FROM {rows}"
    " JOIN exception_audit o ON o.store_id = r.a AND o.kind = r.b AND o.subject = r.c"
    " ORDER BY o.number DESC",
    "a b c");
#define TILLRELAY_KNOWN "CASE x.state WHEN 'open' THEN 0 ELSE 1 END"
#define TILLRELAY_LIST(condition)                                                             \
  TILLRELAY_EXCEPTION                                                                         \
  "{rows} JOIN exception x ON r.a IN ('', x.store_id) AND r.b IN ('', x.kind) AND " condition \
  " AND (" TILLRELAY_KNOWN                                                                    \
  ", -x.level, -COALESCE(x.money, 0), x.since, x.store_id, x.kind, x.subject)"                \
  " > (r.j, r.d, r.e, r.f, r.g, r.h, r.i) ORDER BY " TILLRELAY_KNOWN                          \
  ", x.level DESC, COALESCE(x.money, 0) DESC, x.since, x.store_id, x.kind, x.subject LIMIT 501"
const Statement kListStanding(
    TILLRELAY_LIST("x.ended = 0 AND x.state NOT IN ('resolved', 'retired') AND r.c = ''"),
    "a b c j# d# e# f g h i");
const Statement kListOfState(TILLRELAY_LIST("r.c IN ('all', x.state)"), "a b c j# d# e# f g h i");
#undef TILLRELAY_LIST
#undef TILLRELAY_KNOWN
const Statement kCounts(
    "SELECT kind, state, COUNT(*) FROM exception WHERE ended = 0 GROUP BY kind, state", "");
#undef TILLRELAY_EXCEPTION

Level LevelOf(int64_t number) {
  return number >= 2 ? Level::kRed : number == 1 ? Level::kAmber : Level::kGreen;
}

void AddKey(const ExceptionKey& key, Input* input) {
  input->Text(key.store).Text(key.kind).Text(key.subject);
}

}  // namespace

Exception ExceptionOf(const Rows& rows, size_t i) {
  Exception x;
  x.key = {rows.Text(i, 0), rows.Text(i, 1), rows.Text(i, 2)};
  x.item = rows.Text(i, 3);
  x.level = LevelOf(rows.Int(i, 4));
  x.since = rows.Text(i, 5);
  x.last_seen = rows.Text(i, 6);
  x.ended = rows.Int(i, 7) == 1;
  x.state = rows.Text(i, 8);
  if (x.state == kAssigned) x.assignee = rows.Text(i, 9);  // else it is of a former assignment
  x.note = rows.Text(i, 10);
  x.actor = rows.Text(i, 11);
  x.changed_at = rows.Text(i, 12);
  x.weight = rows.Int(i, 13);
  x.decided_weight = rows.Int(i, 14);
  if (!rows.Text(i, 15).empty()) x.money = rows.Int(i, 15);
  x.currency = rows.Text(i, 16);
  x.detail = rows.Text(i, 17);
  x.times = rows.Unsigned(i, 18);
  return x;
}

Result<std::map<ExceptionKey, Exception>> ReadExceptions(Sql* sql,
                                                         const std::vector<ExceptionKey>& keys) {
  std::map<ExceptionKey, Exception> found;
  if (keys.empty()) return found;
  Input input(kByKey);
  for (const ExceptionKey& key : keys) AddKey(key, &input);
  auto rows = sql->Run(kByKey, input);
  if (!rows.ok()) return std::move(rows).status();
  for (size_t i = 0; i < rows->size(); ++i) {
    Exception x = ExceptionOf(*rows, i);
    ExceptionKey key = x.key;
    found.emplace(std::move(key), std::move(x));
  }
  return found;
}

Status SaveExceptions(Sql* sql, const std::vector<Exception>& exceptions) {
  Input input(kSave);
  for (const Exception& x : exceptions) {
    AddKey(x.key, &input);
    input.Text(x.item).Int(static_cast<int64_t>(x.level)).Text(x.since).Text(x.last_seen);
    input.Int(int64_t{x.ended}).Text(x.state).Text(x.assignee).Text(x.note).Text(x.actor);
    input.Text(x.changed_at).Int(x.weight).Int(x.decided_weight);
    x.money ? input.Int(*x.money) : input.Null();
    input.Text(x.currency).Text(x.detail).Int(x.times);
  }
  return sql->Queue(kSave, input);
}

Status SaveAudit(Sql* sql, const std::vector<std::pair<ExceptionKey, AuditEntry>>& entries) {
  Input audit(kAudit), shorten(kShortenAudit);
  for (const auto& [key, entry] : entries) {
    AddKey(key, &audit);
    audit.Text(entry.at).Text(entry.actor).Text(entry.token).Text(entry.state);
    audit.Text(entry.assignee).Text(entry.note);
    AddKey(key, &shorten);
  }
  TRY(sql->Queue(kAudit, audit));
  return sql->Queue(kShortenAudit, shorten);
}

Result<std::vector<AuditEntry>> ReadAudit(Sql* sql, const ExceptionKey& key) {
  Input input(kReadAudit);
  AddKey(key, &input);
  auto rows = sql->Run(kReadAudit, input);
  if (!rows.ok()) return std::move(rows).status();
  std::vector<AuditEntry> entries(rows->size());
  for (size_t i = 0; i < rows->size(); ++i) {
    entries[i] = {rows->Text(i, 0), rows->Text(i, 1), rows->Text(i, 2),
                  rows->Text(i, 3), rows->Text(i, 4), rows->Text(i, 5)};
  }
  return entries;
}

Result<std::vector<Exception>> ReadByStatus(Sql* sql) {
  Input input(kByStatus);
  for (const KindRule& kind : ExceptionKinds()) {
    if (kind.by_status) input.Text(kind.word);
  }
  auto rows = sql->Run(kByStatus, input);
  if (!rows.ok()) return std::move(rows).status();
  std::vector<Exception> found;
  for (size_t i = 0; i < rows->size(); ++i) found.push_back(ExceptionOf(*rows, i));
  return found;
}

Result<std::vector<Exception>> ListExceptions(Sql* sql, const ExceptionsQuestion& question) {
  const Statement& list = question.state.empty() ? kListStanding : kListOfState;
  Input input(list);
  input.Text(question.store).Text(question.kind).Text(question.state);
  const Exception none;
  const Exception& after = question.after ? *question.after : none;
  input.Int(int64_t{question.after && after.state != kOpen});
  input.Int(question.after ? -static_cast<int64_t>(after.level) : int64_t{-10});
  input.Int(-after.money.value_or(question.after ? 0 : Decimal::kMaxMicros));
  input.Text(after.since).Text(after.key.store).Text(after.key.kind).Text(after.key.subject);
  auto rows = sql->Run(list, input);
  if (!rows.ok()) return std::move(rows).status();
  std::vector<Exception> found;
  for (size_t i = 0; i < rows->size() && i <= question.limit; ++i) {
    found.push_back(ExceptionOf(*rows, i));
  }
  return found;
}

Result<ExceptionCounts> CountExceptions(Sql* sql) {
  auto rows = sql->Run(kCounts);
  if (!rows.ok()) return std::move(rows).status();
  ExceptionCounts counts;
  for (size_t i = 0; i < rows->size(); ++i) {
    counts[rows->Text(i, 0)][rows->Text(i, 1)] = rows->Unsigned(i, 2);
  }
  return counts;
}

}  // namespace tillrelay::collector
