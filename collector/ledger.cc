#include "collector/ledger.h"

#include <algorithm>

#include "common/base/decimal.h"
#include "common/event/kind.h"
#include "common/event/time_text.h"

namespace tillrelay::collector {
namespace {

constexpr size_t kInTransit = 3;      // of event::kBucketWords
constexpr size_t kMaxCells = 20'000;  // kept between two flushes of a rebuild

std::string CellKey(std::string_view store, std::string_view item, std::string_view uom) {
  std::string key;
  key.reserve(store.size() + item.size() + uom.size() + 2);
  return key.append(store).append(1, '\x1f').append(item).append(1, '\x1f').append(uom);
}

std::string SumKey(std::string_view item, std::string_view uom, size_t bucket) {
  return CellKey(item, uom, event::kBucketWords[bucket]);
}

std::optional<size_t> Bucket(std::string_view word) {
  const auto& words = event::kBucketWords;
  const auto found = std::find(words.begin(), words.end(), word);
  if (found == words.end()) return std::nullopt;
  return static_cast<size_t>(found - words.begin());
}

// What the register calls the item; the GTIN where it has no name of its own.
std::string_view ItemOf(JsonValue line) {
  const JsonValue item = line.Find("item");
  const std::string_view sku = item.String("sku");
  return sku.empty() ? item.String("gtin") : sku;
}

int64_t Micros(std::string_view time) {
  const auto utc = event::ParseUtc(time);
  return utc.ok() ? utc->time_since_epoch().count() : 0;  // refused at the door when unreadable
}

std::string Quantity(int64_t micros) { return Decimal::FromMicros(micros).Shortest(); }

template <class Target>
Status Prepare(sqlite::Database* db, std::string_view sql, Target* target) {
  auto statement = db->Prepare(sql);
  if (!statement.ok()) return std::move(statement).status();
  *target = *std::move(statement);
  return Status::Ok();
}

}  // namespace

Result<Ledger> Ledger::Open(sqlite::Database* db) {
  Statements s;
  TRY(Prepare(db,
              "SELECT CAST(ROUND(on_hand * 1000000) AS INTEGER),"
              " CAST(ROUND(reserved * 1000000) AS INTEGER),"
              " CAST(ROUND(damaged * 1000000) AS INTEGER),"
              " CAST(ROUND(in_transit * 1000000) AS INTEGER)"
              " FROM stock WHERE store_id = ? AND item = ? AND uom = ?",
              &s.load));
  TRY(Prepare(db,
              "SELECT bucket, as_of FROM counted_at WHERE store_id = ? AND item = ? AND uom = ?",
              &s.counted_at));
  TRY(Prepare(db, "INSERT OR REPLACE INTO stock VALUES (?, ?, ?, ?, ?, ?, ?)", &s.save));
  TRY(Prepare(db, "INSERT OR REPLACE INTO counted_at VALUES (?, ?, ?, ?, ?)", &s.save_counted_at));
  TRY(Prepare(db,
              "INSERT INTO transit VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
              " SET quantity = ROUND(quantity + excluded.quantity, 6)",
              &s.transit));
  TRY(Prepare(db,
              "DELETE FROM transit WHERE store_id = ? AND transfer_id = ? AND item = ? AND uom = ?"
              " AND quantity = 0",
              &s.drop_transit));
  TRY(Prepare(db, "INSERT INTO moved VALUES (?, ?, ?)", &s.moved));
  TRY(Prepare(db,
              "SELECT event.body FROM moved JOIN event USING (position)"
              " WHERE moved.store_id = ? AND moved.at > ?",
              &s.later));
  return Ledger(std::move(s));
}

// Calls `use` for each readable effect that this store may cause.
template <class F>
Status Ledger::ForEachEffect(std::string_view store, JsonValue data, F&& use) {
  const JsonValue lines = data.Find("lines");
  if (!lines.is_array()) return Status::Ok();
  for (const JsonValue line : lines) {
    const JsonValue effects = line.Find("stock_effect");
    if (!effects.is_array()) continue;
    for (const JsonValue told : effects) {
      const auto bucket = Bucket(told.String("bucket"));
      const auto delta = Decimal::Parse(told.String("delta"));
      Effect effect{ItemOf(line), line.String("uom"), told.String("location"), told.String("ref")};
      if (effect.location.empty()) effect.location = store;
      const bool foreign = effect.location != store && bucket != kInTransit;
      if (!bucket || !delta.ok() || effect.item.empty() || foreign) {
        ++skipped_;
        continue;
      }
      effect.bucket = *bucket;
      effect.micros = delta->micros();
      TRY(use(effect));
    }
  }
  return Status::Ok();
}

Status Ledger::Apply(const Posting& posting, JsonValue data) {
  if (posting.kind == "stock_counted") return ApplyCount(posting, data);
  const int64_t at = Micros(posting.time);
  bool own = false;
  TRY(ForEachEffect(posting.store, data, [&](const Effect& effect) {
    own = own || effect.bucket != kInTransit;
    return ApplyEffect(at, effect);
  }));
  if (!own) return Status::Ok();
  return sql_.moved.BindText(1, posting.store).Bind(2, at).Bind(3, posting.position).Run();
}

Status Ledger::ApplyEffect(int64_t at, const Effect& effect) {
  auto cell = Load(effect.location, effect.item, effect.uom);
  if (!cell.ok()) return std::move(cell).status();
  const auto& as_of = (*cell)->as_of[effect.bucket];
  if (as_of && at <= *as_of) return Status::Ok();  // the count has seen it
  if (!Add(&(*cell)->micros[effect.bucket], effect.micros)) return Status::Ok();
  (*cell)->dirty = true;
  if (effect.bucket != kInTransit) return Status::Ok();
  return Transit(effect);
}

Status Ledger::Transit(const Effect& effect) {
  const std::string quantity = Quantity(effect.micros);
  TRY(sql_.transit.BindText(1, effect.location)
          .BindText(2, effect.ref)
          .BindText(3, effect.item)
          .BindText(4, effect.uom)
          .BindText(5, quantity)
          .Run());
  return sql_.drop_transit.BindText(1, effect.location)
      .BindText(2, effect.ref)
      .BindText(3, effect.item)
      .BindText(4, effect.uom)
      .Run();
}

Status Ledger::ApplyCount(const Posting& posting, JsonValue data) {
  const auto told = event::ParseUtc(data.Find("count").String("as_of"));
  const int64_t as_of = told.ok() ? told->time_since_epoch().count() : Micros(posting.time);
  auto later = MovedSince(posting.store, as_of);
  if (!later.ok()) return std::move(later).status();
  const JsonValue lines = data.Find("lines");
  if (!lines.is_array()) return Status::Ok();
  for (const JsonValue line : lines) {
    const std::string_view item = ItemOf(line), uom = line.String("uom");
    const std::string_view word = line.String("bucket");
    const auto bucket = word.empty() ? std::optional<size_t>(0) : Bucket(word);
    const auto counted = Decimal::Parse(line.String("counted"));
    if (!bucket || *bucket == kInTransit || !counted.ok() || item.empty()) {
      ++skipped_;
      continue;
    }
    auto cell = Load(posting.store, item, uom);
    if (!cell.ok()) return std::move(cell).status();
    auto& known = (*cell)->as_of[*bucket];
    if (known && as_of < *known) continue;  // a later count has been applied already
    int64_t total = counted->micros();
    if (!Add(&total, (*later)[SumKey(item, uom, *bucket)])) continue;
    (*cell)->micros[*bucket] = total;
    known = as_of;
    (*cell)->dirty = true;
  }
  return Status::Ok();
}

// The effects of the store's applied events that happened after `as_of`, summed per cell.
Result<Ledger::Sums> Ledger::MovedSince(std::string_view store, int64_t as_of) {
  Sums sums;
  sql_.later.BindText(1, store).Bind(2, as_of);
  for (;;) {
    auto row = sql_.later.Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) return sums;
    std::string body(sql_.later.Text(0));
    auto data = parser_->Parse(body);
    if (!data.ok()) continue;  // it had no effect when it was applied either
    TRY(ForEachEffect(store, *data, [&](const Effect& effect) {
      if (effect.bucket != kInTransit) {
        Add(&sums[SumKey(effect.item, effect.uom, effect.bucket)], effect.micros);
      }
      return Status::Ok();
    }));
  }
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

Result<Ledger::Cell*> Ledger::Load(std::string_view store, std::string_view item,
                                   std::string_view uom) {
  auto [found, fresh] = cells_.try_emplace(CellKey(store, item, uom));
  Cell& cell = found->second;
  if (!fresh) return &cell;
  cell.store = store;
  cell.item = item;
  cell.uom = uom;
  auto row = sql_.load.BindText(1, store).BindText(2, item).BindText(3, uom).Step();
  if (!row.ok()) return std::move(row).status();
  if (!*row) return &cell;
  for (size_t i = 0; i < kBuckets; ++i) cell.micros[i] = sql_.load.Int(static_cast<int>(i));
  sql_.load.Reset();
  TRY(LoadCountedAt(&cell));
  return &cell;
}

Status Ledger::LoadCountedAt(Cell* cell) {
  auto& sql = sql_.counted_at;
  sql.BindText(1, cell->store).BindText(2, cell->item).BindText(3, cell->uom);
  for (;;) {
    auto row = sql.Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) return Status::Ok();
    if (const auto bucket = Bucket(sql.Text(0))) cell->as_of[*bucket] = sql.Int(1);
  }
}

Status Ledger::Flush() {
  for (auto& [key, cell] : cells_) {
    if (cell.dirty) TRY(Save(cell));
  }
  cells_.clear();
  return Status::Ok();
}

Status Ledger::Save(const Cell& cell) {
  std::array<std::string, kBuckets> texts;
  sql_.save.BindText(1, cell.store).BindText(2, cell.item).BindText(3, cell.uom);
  for (size_t i = 0; i < kBuckets; ++i) {
    texts[i] = Quantity(cell.micros[i]);
    sql_.save.BindText(static_cast<int>(i) + 4, texts[i]);
  }
  TRY(sql_.save.Run());
  for (size_t i = 0; i < kBuckets; ++i) {
    if (!cell.as_of[i]) continue;
    TRY(sql_.save_counted_at.BindText(1, cell.store)
            .BindText(2, cell.item)
            .BindText(3, cell.uom)
            .BindText(4, event::kBucketWords[i])
            .Bind(5, *cell.as_of[i])
            .Run());
  }
  return Status::Ok();
}

Result<uint64_t> RebuildLedger(sqlite::Database* db) {
  sqlite::Transaction transaction(db);
  TRY(transaction.Begin());
  TRY(db->Exec(
      "DELETE FROM stock; DELETE FROM transit; DELETE FROM counted_at; DELETE FROM moved"));
  auto ledger = Ledger::Open(db);
  if (!ledger.ok()) return std::move(ledger).status();
  sqlite::Statement rows;
  TRY(Prepare(db,
              "SELECT position, store_id, kind, occurred_at, body FROM event WHERE counted = 1"
              " AND position IS NOT NULL ORDER BY position",
              &rows));
  JsonParser parser;
  uint64_t applied = 0;
  for (;; ++applied) {
    auto row = rows.Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) break;
    const std::string store(rows.Text(1)), kind(rows.Text(2)), time(rows.Text(3));
    std::string body(rows.Text(4));
    auto data = parser.Parse(body);
    if (!data.ok()) return Corrupt("position " + std::to_string(rows.Unsigned(0)) + ": the body");
    TRY(ledger->Apply({store, kind, time, rows.Unsigned(0)}, *data));
    if (ledger->cells() > kMaxCells) TRY(ledger->Flush());
  }
  TRY(ledger->Flush());
  TRY(transaction.Commit());
  return applied;
}

}  // namespace tillrelay::collector
