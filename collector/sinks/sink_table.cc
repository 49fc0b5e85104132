#include "collector/sinks/sink_table.h"

#include "collector/db/statements.h"
#include "collector/db/tables.h"

namespace tillrelay::collector {
namespace {

#define TILLRELAY_SINK                                                                        \
  "SELECT s.name, s.position, s.hash, s.sending, s.epoch, s.owner, s.leased_until, s.paused," \
  " s.halted, s.failure, s.failures, s.failed_at, s.delivered_at, s.orders, s.lineage FROM "
const Statement kAll(TILLRELAY_SINK "sink s ORDER BY s.name", "");
const Statement kOne(TILLRELAY_SINK "{rows} JOIN sink s ON s.name = r.a", "a");
#undef TILLRELAY_SINK
const Statement kSave(
    "INSERT INTO sink (name, position, hash, sending, epoch, owner, leased_until, paused, halted,"
    " failure, failures, failed_at, delivered_at, orders, lineage)"
    " SELECT r.a, r.b, r.c, r.d, r.e, r.f, r.g, r.h, r.i, r.j, r.k, r.l, r.m, r.n, r.o FROM {rows}"
    " WHERE true ON CONFLICT (name) DO UPDATE SET position = excluded.position,"
    " hash = excluded.hash, sending = excluded.sending, epoch = excluded.epoch,"
    " owner = excluded.owner, leased_until = excluded.leased_until, paused = excluded.paused,"
    " halted = excluded.halted, failure = excluded.failure, failures = excluded.failures,"
    " failed_at = excluded.failed_at, delivered_at = excluded.delivered_at,"
    " orders = excluded.orders, lineage = excluded.lineage",
    "a b# c d# e# f g# h# i j k# l m n# o#");
const Statement kRemove("DELETE FROM sink WHERE name IN (SELECT r.a FROM {rows})", "a");
const Statement kSqliteClock(
    "SELECT CAST((julianday('now') - 2440587.5) * 86400000000.0 AS INTEGER)", "");
const Statement kPostgresClock(
    "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)", "");

SinkRow RowOf(const Rows& rows, size_t i) {
  SinkRow row;
  row.name = rows.Text(i, 0);
  row.cursor = {{rows.Unsigned(i, 1), rows.Text(i, 2)}, {}};
  row.sending = rows.Unsigned(i, 3);
  row.epoch = rows.Unsigned(i, 4);
  row.owner = rows.Text(i, 5);
  row.leased_until = rows.Int(i, 6);
  row.paused = rows.Int(i, 7) == 1;
  row.halted = rows.Text(i, 8);
  row.failure = rows.Text(i, 9);
  row.failures = rows.Unsigned(i, 10);
  row.failed_at = rows.Text(i, 11);
  row.delivered_at = rows.Text(i, 12);
  row.orders = rows.Unsigned(i, 13);
  row.lineage = rows.Unsigned(i, 14);
  return row;
}

}  // namespace

Result<std::vector<SinkRow>> ReadSinks(Sql* sql) {
  auto rows = sql->Run(kAll);
  if (!rows.ok()) return std::move(rows).status();
  std::vector<SinkRow> found;
  for (size_t i = 0; i < rows->size(); ++i) found.push_back(RowOf(*rows, i));
  return found;
}

Result<std::optional<SinkRow>> ReadSink(Sql* sql, const std::string& name) {
  Input input(kOne);
  auto rows = sql->Run(kOne, input.Text(name));
  if (!rows.ok()) return std::move(rows).status();
  return rows->empty() ? std::nullopt : std::optional(RowOf(*rows, 0));
}

Status SaveSink(Sql* sql, const SinkRow& row) {
  Input input(kSave);
  input.Text(row.name).Int(row.cursor.at.position).Text(row.cursor.at.hash).Int(row.sending);
  input.Int(row.epoch).Text(row.owner).Int(row.leased_until).Int(int64_t{row.paused});
  input.Text(row.halted).Text(row.failure).Int(row.failures).Text(row.failed_at);
  input.Text(row.delivered_at).Int(row.orders).Int(row.lineage);
  return sql->Queue(kSave, input);
}

Status RemoveSink(Sql* sql, const std::string& name) {
  Input input(kRemove);
  return sql->Queue(kRemove, input.Text(name));
}

Result<Cursor> ReadHead(Sql* sql) {
  auto rows = sql->Run(sql::kHead);
  if (!rows.ok()) return std::move(rows).status();
  const Tables::Head head = Tables::HeadOf(*rows);
  return Cursor{{head.position, head.hash}, {}};
}

Result<int64_t> DatabaseMicros(Sql* sql) {
  auto rows = sql->Run(sql->shared() ? kPostgresClock : kSqliteClock);
  if (!rows.ok()) return std::move(rows).status();
  return rows->Int(0, 0);
}

}  // namespace tillrelay::collector
