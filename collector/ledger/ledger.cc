#include "collector/ledger/ledger.h"

#include "common/base/decimal.h"
#include "common/event/time_text.h"

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
    const CellRow known = row == found.cells.end() ? CellRow{} : row->second;
    const auto [cell, fresh] = cells_.try_emplace(key);
    if (fresh) cell->second = {known, &cell->first, false, known.micros};
  }
  for (const TransitKey& key : wanted.transit) {
    const auto row = found.transit.find(key);
    transit_.try_emplace(key,
                         Transit{row == found.transit.end() ? TransitRow{} : row->second, false});
  }
}

std::vector<MovementRow> FactsOf(const Posting& posting, uint64_t position) {
  std::vector<MovementRow> rows;
  const auto add = [&](const CellKey& cell, size_t bucket) -> MovementRow& {
    MovementRow& row = rows.emplace_back();
    row.position = position;
    row.line = rows.size() - 1;
    row.cell = cell;
    row.bucket = bucket;
    return row;
  };
  for (const CountedLine& line : posting.lines) add(line.cell, line.bucket).at = posting.as_of;
  for (const Effect& effect : posting.effects) {
    MovementRow& row = add(effect.cell, effect.bucket);
    row.ref = effect.ref;
    row.at = posting.at;
    row.delta = effect.micros;
  }
  return rows;
}

Status Ledger::Apply(const Posting& posting, uint64_t position, Changes* changes) {
  skipped_ += posting.skipped;
  std::vector<MovementRow> rows = FactsOf(posting, position);
  const std::span all(rows);
  if (posting.is_count) TRY(ApplyCount(posting, all.first(posting.lines.size()), changes));
  for (MovementRow& moved : all.subspan(posting.lines.size())) {
    TRY(ApplyEffect(&moved));
  }
  for (MovementRow& moved : rows) changes->movements.push_back(std::move(moved));
  return Status::Ok();
}

Status Ledger::ApplyEffect(MovementRow* moved) {
  auto cell = Load(moved->cell);
  if (!cell.ok()) return std::move(cell).status();
  CellRow& row = (*cell)->row;
  const auto& counted = row.counted[moved->bucket];
  int64_t& quantity = row.micros[moved->bucket];
  moved->quantity = quantity;
  if (counted && moved->at <= counted->as_of) {  // the count has seen it
    moved->applied = Applied::kLate;
    return Status::Ok();
  }
  if (!Add(&quantity, moved->delta)) {
    moved->applied = Applied::kOverflow;
    return Status::Ok();
  }
  moved->applied = Applied::kAdded;
  moved->change = moved->delta;
  moved->quantity = quantity;
  row.position = moved->position;
  MarkDirty(*cell);
  if (moved->bucket != kInTransit) return Status::Ok();
  auto transit = LoadTransit({moved->cell, moved->ref});
  if (!transit.ok()) return std::move(transit).status();
  TransitRow& open = (*transit)->row;
  if (open.micros == 0 || moved->at < open.since) open.since = moved->at;
  (*transit)->dirty = Add(&open.micros, moved->delta) || (*transit)->dirty;
  return Status::Ok();
}

// Empty: it can be applied.
std::string Ledger::WhyHeld(const Posting& posting) const {
  if (posting.as_of > rules_.now) return std::string(kHeldAhead);
  if (rules_.forgotten && rules_.forgotten(posting.store, posting.as_of)) {
    return std::string(kHeldTooOld);
  }
  return rules_.complete ? "" : std::string(kHeldIncomplete);
}

Status Ledger::ApplyCount(const Posting& posting, std::span<MovementRow> rows, Changes* changes) {
  const std::string held = rows.empty() ? "" : WhyHeld(posting);
  std::vector<int64_t> since;
  if (held.empty() && !rows.empty()) {
    auto moved = MovedSince(posting, rows.front().position, *changes);
    if (!moved.ok()) return std::move(moved).status();
    since = *std::move(moved);
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    const CountedLine& line = posting.lines[i];
    if (held.empty()) {
      TRY(ApplyCounted(posting, line, since[i], &rows[i]));
      continue;
    }
    auto cell = Load(line.cell);
    if (!cell.ok()) return std::move(cell).status();
    rows[i].quantity = (*cell)->row.micros[line.bucket];
    rows[i].applied = Applied::kHeld;
    MarkDirty(*cell);  // so that the cell is there to be seen, with its exception
    changes->held.push_back({rows[i].position, i, line.cell, line.bucket, line.micros,
                             posting.as_of, held, changes->now});
  }
  return Status::Ok();
}

Status Ledger::ApplyCounted(const Posting& posting, const CountedLine& line, int64_t since,
                            MovementRow* moved) {
  auto cell = Load(line.cell);
  if (!cell.ok()) return std::move(cell).status();
  CellRow& row = (*cell)->row;
  const CountMark mark{posting.as_of,
                       posting.counted_as > 0 ? posting.counted_as : moved->position};
  auto& known = row.counted[line.bucket];
  int64_t& quantity = row.micros[line.bucket];
  moved->quantity = quantity;
  if (known && mark < *known) {  // a later count has been applied already
    moved->applied = Applied::kSuperseded;
    return Status::Ok();
  }
  int64_t total = line.micros;
  if (!Add(&total, since)) {
    moved->applied = Applied::kOverflow;
    return Status::Ok();
  }
  moved->applied = Applied::kSet;
  moved->change = total - quantity;
  moved->quantity = quantity = total;
  known = mark;
  row.position = moved->position;
  MarkDirty(*cell);
  return Status::Ok();
}

// For each line: what moved in its cell after the count.
Result<std::vector<int64_t>> Ledger::MovedSince(const Posting& posting, uint64_t position,
                                                const Changes& changes) {
  std::vector<CellBucket> cells;
  for (const CountedLine& line : posting.lines) cells.emplace_back(line.cell, line.bucket);
  constexpr uint64_t kAll = std::numeric_limits<int64_t>::max();
  auto sums = tables_.MovedSince(cells, posting.as_of, rules_.replay ? position : kAll);
  if (!sums.ok() || rules_.replay) return sums;
  for (; indexed_ < changes.movements.size(); ++indexed_) {
    const MovementRow& moved = changes.movements[indexed_];
    if (moved.delta == 0 || moved.bucket == kInTransit) continue;
    unwritten_[{moved.cell, moved.bucket}].push_back({moved.at, moved.delta});
  }
  for (size_t i = 0; i < cells.size(); ++i) {
    const auto unwritten = unwritten_.find(cells[i]);
    if (unwritten == unwritten_.end()) continue;
    for (const Moved& moved : unwritten->second) {
      if (moved.at > posting.as_of) Add(&(*sums)[i], moved.delta);
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
  return &cells_.at(key);
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

void Ledger::MarkDirty(Cell* cell) {
  if (!cell->dirty) dirty_.push_back(cell);
  cell->dirty = true;
}

void Ledger::Flush(Changes* changes) {
  for (Cell* cell : dirty_) {
    changes->cells.emplace(*cell->key, cell->row);
    cell->dirty = false;
    for (size_t b = 0; b < kBuckets; ++b) {
      const bool was = cell->written[b] < 0, is = cell->row.micros[b] < 0;
      if (is && !was) changes->negative.emplace_back(*cell->key, b);
      if (was && !is) changes->no_longer_negative.emplace_back(*cell->key, b);
    }
    cell->written = cell->row.micros;
  }
  dirty_.clear();
  for (auto& [key, transit] : transit_) {
    if (transit.dirty) changes->transit.emplace(key, transit.row);
    transit.dirty = false;
  }
  unwritten_.clear();
  indexed_ = 0;
}

// Transfers are few, and their rows are also changed elsewhere (FillMovements).
void Ledger::Keep() {
  if (cells_.size() > kMostCells) cells_.clear();
  transit_.clear();
  unwritten_.clear();
  indexed_ = 0;
}

void Ledger::Clear() {
  dirty_.clear();
  cells_.clear();
  transit_.clear();
  unwritten_.clear();
  indexed_ = 0;
}

}  // namespace tillrelay::collector
