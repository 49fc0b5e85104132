#include "collector/ledger/rebuild.h"

#include "collector/db/own_change.h"
#include "collector/db/running_hash.h"
#include "collector/db/statements_ledger.h"
#include "collector/ledger/ledger.h"
#include "collector/ledger/movement_fill.h"
#include "collector/ledger/negative_cells.h"
#include "common/base/json_writer.h"
#include "common/event/time_text.h"

namespace tillrelay::collector {
namespace {

constexpr uint64_t kSlice = 1000;  // events of one transaction

class Rebuild {
 public:
  Rebuild(Sql* sql, WallTime now)
      : sql_(*sql), now_(now), rebuilt_(sql, Tables::LedgerIn::kRebuilt), served_(sql) {}

  Result<Rebuilt> Slice();

 private:
  Status Replay(uint64_t after, uint64_t through);
  Status PutFactsRight(const std::vector<Posting>& postings, const std::vector<EventRow>& events);
  Status Take();
  Status Correct(const Rows& wrong);
  void Append(std::vector<MovementRow> lines, Changes* changes);

  Sql& sql_;
  const WallTime now_;
  Tables rebuilt_, served_;
  Tables::Head head_;
  Rebuilt result_;
};

Result<Rebuilt> Rebuild::Slice() {
  auto begun = rebuilt_.Begin({}, &head_);
  if (!begun.ok()) return std::move(begun).status();
  if (head_.purged > 0) {
    return Invalid("events up to position " + std::to_string(head_.purged) +
                   " were deleted by age; the ledger cannot be computed from the rest");
  }
  auto row = sql_.Run(sql::kRebuiltThrough);
  if (!row.ok()) return std::move(row).status();
  const uint64_t after = row->Unsigned(0, 0);
  if (after == 0) TRY(rebuilt_.ClearLedger());
  const uint64_t through = std::min(after + kSlice, head_.position);
  TRY(Replay(after, through));
  result_.events = through;
  result_.finished = through == head_.position;
  if (result_.finished) TRY(Take());
  Input saved(sql::kSaveRebuilt);
  TRY(sql_.Queue(sql::kSaveRebuilt, saved.Int(result_.finished ? 0 : through)));
  TRY(rebuilt_.Commit());
  return result_;
}

Status Rebuild::Replay(uint64_t after, uint64_t through) {
  auto events = rebuilt_.Counted(after, through - after);
  if (!events.ok()) return std::move(events).status();
  JsonParser parser;
  std::vector<Posting> postings;
  Wanted wanted;
  for (EventRow& e : *events) {
    auto data = parser.Parse(e.body);
    if (!data.ok()) return Corrupt("position " + std::to_string(e.position) + ": the body");
    postings.push_back(ReadEffectsOnly({e.key.store, e.kind, e.occurred_at}, *data));
    Ledger::Prefetch(postings.back(), &wanted);
  }
  TRY(PutFactsRight(postings, *events));
  auto found = rebuilt_.Read(wanted);
  if (!found.ok()) return std::move(found).status();
  Ledger ledger(&rebuilt_);
  ledger.Load(wanted, *found);
  CountRules rules;
  rules.now = now_.time_since_epoch().count();
  rules.replay = true;
  ledger.SetRules(rules);
  Changes changes;
  changes.now = event::UtcText(now_);
  for (size_t i = 0; i < postings.size(); ++i) {
    TRY(ledger.Apply(postings[i], (*events)[i].position, &changes));
  }
  ledger.Flush(&changes);
  changes.movements.clear();  // they stand there already
  return rebuilt_.Write(changes, head_.position);
}

// What `movement` says about cells, times and deltas is what counts are computed from.
Status Rebuild::PutFactsRight(const std::vector<Posting>& postings,
                              const std::vector<EventRow>& events) {
  if (events.empty()) return Status::Ok();
  auto stored = rebuilt_.Movements(events.front().position - 1, events.back().position);
  if (!stored.ok()) return std::move(stored).status();
  std::map<uint64_t, std::vector<MovementRow>> there;
  for (MovementRow& row : *stored) there[row.position].push_back(std::move(row));
  const auto same = [](const MovementRow& a, const MovementRow& b) {
    return a.line == b.line && a.cell == b.cell && a.bucket == b.bucket && a.ref == b.ref &&
           a.at == b.at && a.delta == b.delta;
  };
  Input drop(sql::kDropMovements);
  std::vector<MovementRow> right;
  for (size_t i = 0; i < postings.size(); ++i) {
    // Their lines say what they did, and no event says it.
    if (events[i].key.stream == kLedgerStream) continue;
    std::vector<MovementRow> facts = FactsOf(postings[i], events[i].position);
    const auto& rows = there[events[i].position];
    if (std::equal(facts.begin(), facts.end(), rows.begin(), rows.end(), same)) continue;
    drop.Int(events[i].position);
    for (MovementRow& fact : facts) right.push_back(std::move(fact));
  }
  TRY(sql_.Queue(sql::kDropMovements, drop));
  return rebuilt_.WriteMovements(right);
}

// The rebuilt tables take the place of the served ones.
Status Rebuild::Take() {
  for (const Statement* find : {&sql::kWrongCells, &sql::kStrayCells}) {
    for (;;) {
      auto wrong = sql_.Run(*find);
      if (!wrong.ok()) return std::move(wrong).status();
      if (wrong->empty()) break;
      TRY(Correct(*wrong));
    }
  }
  for (const Statement* step : {&sql::kServed.clear_counted_at, &sql::kTakeCountedAt,
                                &sql::kServed.clear_transit, &sql::kTakeTransit, &sql::kHeldOver}) {
    TRY(sql_.Queue(*step, Input(*step)));
  }
  TRY(RecountNegatives(&sql_, event::UtcText(now_)));
  if (result_.corrected_cells > 0) TRY(sql_.Announce(head_.position));
  return rebuilt_.ClearLedger();
}

// Rows are a cell, what it should be and what it is, bucket by bucket.
Status Rebuild::Correct(const Rows& wrong) {
  Changes changes;
  changes.now = event::UtcText(now_);
  std::vector<MovementRow> lines;
  for (size_t i = 0; i < wrong.size(); ++i) {
    const CellKey key{wrong.Text(i, 0), wrong.Text(i, 1), wrong.Text(i, 2)};
    if (!lines.empty() && lines.back().cell.store != key.store) {
      Append(std::exchange(lines, {}), &changes);
    }
    CellRow& cell = changes.cells[key];
    bool differs = false;
    for (size_t b = 0; b < kBuckets; ++b) {
      cell.micros[b] = wrong.Int(i, 3 + b);
      const int64_t change = cell.micros[b] - wrong.Int(i, 3 + kBuckets + b);
      if (change == 0) continue;
      differs = true;
      MovementRow& line = lines.emplace_back();
      line.cell = key;
      line.bucket = b;
      line.at = now_.time_since_epoch().count();
      line.applied = Applied::kCorrected;
      line.change = change;
      line.quantity = cell.micros[b];
    }
    if (differs) ++result_.corrected_cells;
  }
  if (!lines.empty()) Append(std::move(lines), &changes);
  return served_.Write(changes, head_.position);
}

// Lines of one store.
void Rebuild::Append(std::vector<MovementRow> lines, Changes* changes) {
  const std::string store = lines.front().cell.store;
  OwnChange change{store, kLedgerCorrected, {}};
  JsonWriter(&change.body).BeginObject().Key("ledger").BeginObject().EndObject().EndObject();
  const uint64_t position = ++head_.position;
  EventRow row = OwnChangeRow(change, position, head_.hash, changes->now);
  for (size_t i = 0; i < lines.size(); ++i) {
    lines[i].position = position;
    lines[i].line = i;
    changes->cells[lines[i].cell].position = position;
  }
  head_.hash = NextHash(head_.hash, position, store, row.id, lines);
  changes->hashes[position] = head_.hash;
  changes->events.push_back(std::move(row));
  for (MovementRow& line : lines) changes->movements.push_back(std::move(line));
}

}  // namespace

Result<Rebuilt> RebuildSlice(Sql* sql, WallTime now) {
  auto slice = Rebuild(sql, now).Slice();
  if (!slice.ok()) sql->Rollback();
  return slice;
}

Result<Rebuilt> RebuildLedger(Sql* sql, WallTime now) {
  for (bool filled = false; !filled;) {
    auto fill = FillMovements(sql);
    if (!fill.ok()) sql->Rollback();
    if (!fill.ok()) return std::move(fill).status();
    filled = *fill;
  }
  for (;;) {
    auto slice = RebuildSlice(sql, now);
    if (!slice.ok() || slice->finished) return slice;
  }
}

}  // namespace tillrelay::collector
