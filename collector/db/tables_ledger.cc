// How the ledger is read and written: tables.h.
#include <algorithm>

#include "collector/db/statements_ledger.h"
#include "collector/db/tables.h"
#include "common/base/decimal.h"
#include "common/event/kind.h"

namespace tillrelay::collector {
namespace {

std::string Quantity(int64_t micros) { return Decimal::FromMicros(micros).Shortest(); }

Applied AppliedOf(std::string_view word) {
  const auto found = std::find(kAppliedWords.begin(), kAppliedWords.end(), word);
  return found == kAppliedWords.end() ? Applied::kNot
                                      : static_cast<Applied>(found - kAppliedWords.begin());
}

Result<std::vector<HeldRow>> HeldOf(const Rows& rows) {
  std::vector<HeldRow> held(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto bucket = BucketOf(rows.Text(i, 5));
    if (!bucket) return Corrupt("a held count names no bucket");
    held[i] = {rows.Unsigned(i, 0),
               rows.Unsigned(i, 1),
               {rows.Text(i, 2), rows.Text(i, 3), rows.Text(i, 4)},
               *bucket,
               rows.Int(i, 6),
               rows.Int(i, 7),
               rows.Text(i, 8),
               rows.Text(i, 9)};
  }
  return held;
}

}  // namespace

std::optional<size_t> BucketOf(std::string_view word) {
  const auto found = std::find(event::kBucketWords.begin(), event::kBucketWords.end(), word);
  if (found == event::kBucketWords.end()) return std::nullopt;
  return static_cast<size_t>(found - event::kBucketWords.begin());
}

using CellBuckets = std::vector<std::pair<CellKey, size_t>>;

Result<std::vector<int64_t>> Tables::MovedSince(const CellBuckets& cells, int64_t as_of,
                                                uint64_t before) {
  Input input(sql::kMovedSince);
  for (size_t i = 0; i < cells.size(); ++i) {
    const auto& [cell, bucket] = cells[i];
    input.Int(uint64_t{i}).Text(cell.store).Text(cell.item).Text(cell.uom);
    input.Text(event::kBucketWords[bucket]).Int(as_of).Int(before);
  }
  std::vector<int64_t> sums(cells.size());
  if (cells.empty()) return sums;
  auto rows = sql_.Run(sql::kMovedSince, input);
  if (!rows.ok()) return std::move(rows).status();
  for (size_t i = 0; i < rows->size(); ++i) {
    const size_t cell = rows->Unsigned(i, 0);
    const auto units = Decimal::kMaxMicros / Decimal::kUnit;
    const int64_t whole = std::clamp(rows->Int(i, 1), -units, units);
    if (cell >= sums.size()) return Corrupt("a sum without a cell");
    sums[cell] = whole * Decimal::kUnit + rows->Int(i, 2);
  }
  return sums;
}

Result<std::vector<HeldRow>> Tables::DueHeld(int64_t now) {
  Input input(sql::kDueHeld);
  auto rows = sql_.Run(sql::kDueHeld, input.Int(now));
  if (!rows.ok()) return std::move(rows).status();
  return HeldOf(*rows);
}

Result<std::optional<int64_t>> Tables::NextHeld() {
  auto rows = sql_.Run(sql::kNextHeld);
  if (!rows.ok()) return std::move(rows).status();
  return rows->empty() ? std::optional<int64_t>() : rows->Int(0, 0);
}

Result<std::vector<MovementRow>> Tables::Movements(uint64_t after, uint64_t through) {
  Input input(sql::kMovements);
  auto rows = sql_.Run(sql::kMovements, input.Int(after).Int(through));
  if (!rows.ok()) return std::move(rows).status();
  std::vector<MovementRow> movements(rows->size());
  for (size_t i = 0; i < rows->size(); ++i) {
    const auto bucket = BucketOf(rows->Text(i, 5));
    if (!bucket) return Corrupt("a movement names no bucket");
    movements[i] = {rows->Unsigned(i, 0),
                    rows->Unsigned(i, 1),
                    {rows->Text(i, 2), rows->Text(i, 3), rows->Text(i, 4)},
                    *bucket,
                    rows->Text(i, 6),
                    rows->Int(i, 7),
                    rows->Int(i, 8),
                    AppliedOf(rows->Text(i, 9)),
                    rows->Int(i, 10),
                    rows->Int(i, 11)};
  }
  return movements;
}

Status Tables::WriteMovements(const std::vector<MovementRow>& movements) {
  Input input(sql::kSaveMovements);
  for (const MovementRow& m : movements) {
    input.Int(m.position).Int(m.line).Text(m.cell.store).Text(m.cell.item).Text(m.cell.uom);
    input.Text(event::kBucketWords[m.bucket]).Text(m.ref).Int(m.at).Int(m.delta);
    input.Text(kAppliedWords[static_cast<size_t>(m.applied)]).Int(m.change).Int(m.quantity);
  }
  return sql_.Queue(sql::kSaveMovements, input);
}

Status Tables::WriteLedger(const Changes& changes) {
  Input cells(ledger_.save_cells), counted_at(ledger_.save_counted_at);
  for (const auto& [key, cell] : changes.cells) {
    cells.Text(key.store).Text(key.item).Text(key.uom);
    for (const int64_t micros : cell.micros) cells.Own(Quantity(micros));
    cells.Int(cell.position);
    for (size_t b = 0; b < kBuckets; ++b) {
      if (!cell.counted[b]) continue;
      counted_at.Text(key.store).Text(key.item).Text(key.uom);
      counted_at.Text(event::kBucketWords[b]);
      counted_at.Int(cell.counted[b]->as_of).Int(cell.counted[b]->position);
    }
  }
  TRY(sql_.Queue(ledger_.save_cells, cells));
  TRY(sql_.Queue(ledger_.save_counted_at, counted_at));
  Input transit(ledger_.save_transit), over(ledger_.drop_transit);
  for (const auto& [key, row] : changes.transit) {
    Input& input = row.micros == 0 ? over : transit;
    input.Text(key.cell.store).Text(key.transfer).Text(key.cell.item).Text(key.cell.uom);
    if (row.micros != 0) transit.Own(Quantity(row.micros)).Int(row.since);
  }
  TRY(sql_.Queue(ledger_.save_transit, transit));
  TRY(sql_.Queue(ledger_.drop_transit, over));
  TRY(WriteMovements(changes.movements));
  TRY(WriteNegatives(changes));
  Input held(sql::kSaveHeld), released(sql::kDropHeld);
  for (const HeldRow& h : changes.held) {
    held.Int(h.position).Int(h.line).Text(h.cell.store).Text(h.cell.item).Text(h.cell.uom);
    held.Text(event::kBucketWords[h.bucket]).Int(h.micros).Int(h.as_of);
    held.Text(h.reason).Text(h.since);
  }
  for (const HeldRow& h : changes.released) released.Int(h.position).Int(h.line);
  TRY(sql_.Queue(sql::kSaveHeld, held));
  return sql_.Queue(sql::kDropHeld, released);
}

// Of the ledger that is served alone.
Status Tables::WriteNegatives(const Changes& changes) {
  if (&ledger_ != &sql::kServed) return Status::Ok();
  Input begun(sql::kNegative), over(sql::kNoLongerNegative);
  for (const auto& [cell, bucket] : changes.no_longer_negative) {
    over.Text(cell.store).Text(cell.item).Text(cell.uom).Text(event::kBucketWords[bucket]);
  }
  for (const auto& [cell, bucket] : changes.negative) {
    begun.Text(cell.store).Text(cell.item).Text(cell.uom).Text(event::kBucketWords[bucket]);
    begun.Text(changes.now);
  }
  TRY(sql_.Queue(sql::kNoLongerNegative, over));
  return sql_.Queue(sql::kNegative, begun);
}

Status Tables::ClearLedger() {
  for (const Statement* clear :
       {&ledger_.clear_cells, &ledger_.clear_counted_at, &ledger_.clear_transit}) {
    TRY(sql_.Queue(*clear, Input(*clear)));
  }
  return Status::Ok();
}

}  // namespace tillrelay::collector
