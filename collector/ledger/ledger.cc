#include "collector/ledger/ledger.h"

#include "common/base/decimal.h"

namespace tillrelay::collector {

void Ledger::Prefetch(const Posting& posting, Wanted* wanted) {
  for (const Effect& effect : posting.effects) {
    wanted->cells.push_back(effect.cell);
    if (effect.bucket == kInTransit) wanted->transit.push_back({effect.cell, effect.ref});
  }
  for (const CountedLine& line : posting.lines) wanted->cells.push_back(line.cell);
}

void Ledger::Load(const Wanted& wanted, const Found& found) {
  for (const CellKey& key : wanted.cells) {
    const auto row = found.cells.find(key);
    cells_.try_emplace(key, Cell{row == found.cells.end() ? CellRow{} : row->second, false});
  }
  for (const TransitKey& key : wanted.transit) {
    const auto row = found.transit.find(key);
    transit_.try_emplace(key, Transit{row == found.transit.end() ? 0 : row->second, false});
  }
}

Status Ledger::Apply(const Posting& posting, uint64_t position, Changes* changes) {
  skipped_ += posting.skipped;
  // Counts may need to read what this transaction has written so far, their own row excepted.
  if (posting.is_count) TRY(ApplyCount(posting, position));
  changes->timeline.push_back({posting.store, posting.at, position});
  for (const Effect& effect : posting.effects) {
    LateRow late;
    late.position = position;
    TRY(ApplyEffect(posting.at, effect, std::move(late), changes));
  }
  return Status::Ok();
}

Status Ledger::ApplyEffect(int64_t at, const Effect& effect, LateRow late, Changes* changes) {
  auto cell = Load(effect.cell);
  if (!cell.ok()) return std::move(cell).status();
  CellRow& row = (*cell)->row;
  const auto& as_of = row.as_of[effect.bucket];
  if (as_of && at <= *as_of) {  // the count has seen it
    late.cell = effect.cell;
    late.bucket = effect.bucket;
    late.micros = effect.micros;
    late.as_of = *as_of;
    changes->late.push_back(std::move(late));
    return Status::Ok();
  }
  if (!Add(&row.micros[effect.bucket], effect.micros)) return Status::Ok();
  (*cell)->dirty = true;
  if (effect.bucket != kInTransit) return Status::Ok();
  auto transit = LoadTransit({effect.cell, effect.ref});
  if (!transit.ok()) return std::move(transit).status();
  (*transit)->dirty = Add(&(*transit)->micros, effect.micros) || (*transit)->dirty;
  return Status::Ok();
}

Status Ledger::ApplyCount(const Posting& posting, uint64_t position) {
  auto later = MovedSince(posting, position);
  if (!later.ok()) return std::move(later).status();
  for (const CountedLine& line : posting.lines) {
    auto cell = Load(line.cell);
    if (!cell.ok()) return std::move(cell).status();
    auto& known = (*cell)->row.as_of[line.bucket];
    if (known && posting.as_of < *known) continue;  // a later count has been applied already
    int64_t total = line.micros;
    if (!Add(&total, (*later)[{line.cell, line.bucket}])) continue;
    (*cell)->row.micros[line.bucket] = total;
    known = posting.as_of;
    (*cell)->dirty = true;
  }
  return Status::Ok();
}

// The effects of the store's earlier applied events that happened after the count, by cell.
Result<Ledger::Sums> Ledger::MovedSince(const Posting& posting, uint64_t position) {
  TRY(flush_());
  auto events = tables_.Since(posting.store, posting.as_of);
  if (!events.ok()) return std::move(events).status();
  Sums sums;
  for (EventRow& e : *events) {
    if (e.position >= position) continue;
    auto data = parser_.Parse(e.body);
    if (!data.ok()) continue;  // it had no effect when it was applied either
    const Posting moved = ReadPosting({e.key.store, e.kind, e.occurred_at}, *data);
    for (const Effect& effect : moved.effects) {
      if (effect.bucket != kInTransit) Add(&sums[{effect.cell, effect.bucket}], effect.micros);
    }
  }
  return sums;
}

bool Ledger::Add(int64_t* sum, int64_t delta) {
  int64_t result = 0;
  if (__builtin_add_overflow(*sum, delta, &result) || result > Decimal::kMaxMicros ||
      result < -Decimal::kMaxMicros) {
    ++skipped_;
    return false;
  }
  *sum = result;
  return true;
}

Result<Ledger::Cell*> Ledger::Load(const CellKey& key) {
  if (const auto known = cells_.find(key); known != cells_.end()) return &known->second;
  Wanted wanted;
  wanted.cells.push_back(key);
  auto found = tables_.Read(wanted);
  if (!found.ok()) return std::move(found).status();
  Load(wanted, *found);
  return &cells_[key];
}

Result<Ledger::Transit*> Ledger::LoadTransit(const TransitKey& key) {
  if (const auto known = transit_.find(key); known != transit_.end()) return &known->second;
  Wanted wanted;
  wanted.transit.push_back(key);
  auto found = tables_.Read(wanted);
  if (!found.ok()) return std::move(found).status();
  Load(wanted, *found);
  return &transit_[key];
}

void Ledger::Flush(Changes* changes) {
  for (auto& [key, cell] : cells_) {
    if (cell.dirty) changes->cells.emplace(key, cell.row);
    cell.dirty = false;
  }
  for (auto& [key, transit] : transit_) {
    if (transit.dirty) changes->transit.emplace(key, transit.micros);
    transit.dirty = false;
  }
}

void Ledger::Clear() {
  cells_.clear();
  transit_.clear();
}

}  // namespace tillrelay::collector
