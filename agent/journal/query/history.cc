#include "agent/journal/query/history.h"

#include <fmt/format.h>

#include <cmath>

namespace tillrelay::journal {
namespace {

constexpr int kMinuteTier = 0, kHourTier = 1;
constexpr int64_t kMinute = 60, kHour = 3600;
constexpr double kThousand = 1000;  // values are kept in thousandths

constexpr const char* kTable = R"sql(
CREATE TABLE IF NOT EXISTS history(
  tier INTEGER NOT NULL,
  slot INTEGER NOT NULL,
  at INTEGER NOT NULL,
  waiting INTEGER,
  stored_per_s INTEGER,
  confirmed_per_s INTEGER,
  broker_ms_p50 INTEGER,
  broker_ms_p99 INTEGER,
  centre_ms_p50 INTEGER,
  centre_ms_p99 INTEGER,
  connected INTEGER,
  PRIMARY KEY(tier, slot)) STRICT, WITHOUT ROWID;
)sql";

// How several points become one: the worst of what waits and of the slowest, the mean of the rest.
constexpr const char* kFolded =
    "max(waiting),avg(stored_per_s),avg(confirmed_per_s),avg(broker_ms_p50),max(broker_ms_p99),"
    "avg(centre_ms_p50),max(centre_ms_p99),avg(connected)";
constexpr const char* kFoldedWhole =
    "max(waiting),CAST(avg(stored_per_s) AS INTEGER),CAST(avg(confirmed_per_s) AS INTEGER),"
    "CAST(avg(broker_ms_p50) AS INTEGER),max(broker_ms_p99),CAST(avg(centre_ms_p50) AS INTEGER),"
    "max(centre_ms_p99),CAST(avg(connected) AS INTEGER)";

int64_t Down(int64_t at_s, int64_t step_s) { return at_s - ((at_s % step_s) + step_s) % step_s; }

int64_t SlotOf(int64_t at_s, int64_t step_s, int64_t slots) {
  return ((at_s / step_s) % slots + slots) % slots;
}

}  // namespace

Status PrepareHistory(sqlite::Database* db) { return db->Exec(kTable); }

Status HistoryWriter::Open(sqlite::Database* db) {
  db_ = db;
  const std::string fold = fmt::format(
      "INSERT OR REPLACE INTO history SELECT {},?1,?2,{} FROM history "
      "WHERE tier={} AND slot BETWEEN ?3 AND ?3+59 AND at>=?2 AND at<?2+{}",
      kHourTier, kFoldedWhole, kMinuteTier, kHour);
  return db->PrepareAll(
      {{&save_, "INSERT OR REPLACE INTO history VALUES(0,?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)"},
       {&fold_, fold.c_str()}});
}

Status HistoryWriter::Save(const HistoryPoint& minute) {
  const int64_t at = Down(minute.at_s, kMinute), hour = Down(minute.at_s, kHour);
  sqlite::Transaction transaction(db_);
  TRY(transaction.Begin());
  save_.Bind(1, SlotOf(at, kMinute, kMinutes)).Bind(2, at);
  for (size_t i = 0; i < minute.values.size(); ++i) {
    const int place = static_cast<int>(i) + 3;
    const auto& value = minute.values[i];
    if (value && std::isfinite(*value)) {
      save_.Bind(place, static_cast<int64_t>(std::llround(*value * kThousand)));
    } else {
      save_.BindNull(place);
    }
  }
  TRY(save_.Run());
  TRY(fold_.Bind(1, SlotOf(hour, kHour, kHours))
          .Bind(2, hour)
          .Bind(3, SlotOf(hour, kMinute, kMinutes))
          .Run());
  return transaction.Commit();
}

Result<HistoryPoints> ReadHistory(sqlite::Database* db, const HistoryPoints& wanted) {
  HistoryPoints found = wanted;
  const int tier = wanted.step_s < kHour ? kMinuteTier : kHourTier;
  auto select = db->Prepare(fmt::format(
      "SELECT at/?3*?3,{} FROM history WHERE tier={} AND at>=?1 AND at<?2+?3 GROUP BY 1 ORDER BY 1",
      kFolded, tier));
  if (!select.ok()) return std::move(select).status();
  select->Bind(1, wanted.from_s).Bind(2, wanted.through_s).Bind(3, wanted.step_s);
  for (;;) {
    auto row = select->Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) return found;
    HistoryPoint& point = found.points.emplace_back();
    point.at_s = select->Int(0);
    for (size_t i = 0; i < point.values.size(); ++i) {
      const int column = static_cast<int>(i) + 1;
      if (!select->IsNull(column)) {
        point.values[i] = static_cast<double>(select->Int(column)) / kThousand;
      }
    }
  }
}

}  // namespace tillrelay::journal
