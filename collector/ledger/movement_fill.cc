#include "collector/ledger/movement_fill.h"

#include <algorithm>

#include "collector/db/statements_ledger.h"
#include "collector/ledger/ledger.h"

namespace tillrelay::collector {

Result<bool> FillMovements(Sql* sql, uint64_t most) {
  Tables tables(sql);
  Tables::Head head;
  auto begun = tables.Begin({}, &head);
  if (!begun.ok()) return std::move(begun).status();
  const uint64_t after = std::max(head.filled_through, head.purged);
  const uint64_t through = std::min(after + most, std::max(after, head.changes_after));
  auto events = tables.Counted(after, through - after);
  if (!events.ok()) return std::move(events).status();
  JsonParser parser;
  std::vector<MovementRow> rows;
  for (EventRow& e : *events) {
    auto data = parser.Parse(e.body);
    if (!data.ok()) continue;  // it had no effect when it was applied either
    for (MovementRow& row :
         FactsOf(ReadEffectsOnly({e.key.store, e.kind, e.occurred_at}, *data), e.position)) {
      rows.push_back(std::move(row));
    }
  }
  TRY(tables.WriteMovements(rows));
  Input since(sql::kTransitSince), filled(sql::kSaveFilled);
  for (const MovementRow& row : rows) {
    if (row.bucket != kInTransit) continue;
    since.Text(row.cell.store).Text(row.ref).Text(row.cell.item).Text(row.cell.uom).Int(row.at);
  }
  TRY(sql->Queue(sql::kTransitSince, since));
  TRY(sql->Queue(sql::kSaveFilled, filled.Int(through)));
  TRY(tables.Commit());
  return through >= head.changes_after;
}

}  // namespace tillrelay::collector
