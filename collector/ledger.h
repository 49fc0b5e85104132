// What: the stock ledger: adds the signed stock effects of counted events to `stock` and `transit`.
// Promise: the result depends only on the counted events and their positions, so it can be rebuilt
//   from the event table. Only the publishing store's own buckets are touched, and `in_transit` of
//   others. A count sets a cell to what was counted plus the effects of the store's earlier applied
//   events that happened after it; what happened before it and is applied later leaves the cell
//   alone. Effects that cannot be read or would overflow are skipped and counted.
// Thread: the store's. Works inside the caller's transaction; cells are kept in memory until
//   `Flush`, and `Forget` drops them after a rollback.
// Errors: those of the database.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/base/json_reader.h"
#include "common/sqlite/sqlite.h"

namespace tillrelay::collector {

// An event whose turn has come.
struct Posting {
  std::string_view store, kind, time;
  uint64_t position = 0;
};

class Ledger {
 public:
  static Result<Ledger> Open(sqlite::Database* db);

  Status Apply(const Posting& posting, JsonValue data);
  Status Flush();
  void Forget() { cells_.clear(); }
  size_t cells() const { return cells_.size(); }
  uint64_t skipped_effects() const { return skipped_; }

 private:
  static constexpr size_t kBuckets = 4;
  struct Cell {
    std::string store, item, uom;
    std::array<int64_t, kBuckets> micros{};
    std::array<std::optional<int64_t>, kBuckets> as_of;
    bool dirty = false;
  };
  struct Effect {
    std::string_view item, uom, location, ref;
    size_t bucket = 0;
    int64_t micros = 0;
  };
  struct Statements {
    sqlite::Statement load, counted_at, save, save_counted_at, transit, drop_transit;
    sqlite::Statement moved, later;
  };

  explicit Ledger(Statements statements) : sql_(std::move(statements)) {}
  Status ApplyEffect(int64_t at, const Effect& effect);
  Status ApplyCount(const Posting& posting, JsonValue data);
  using Sums = std::unordered_map<std::string, int64_t>;
  Result<Sums> MovedSince(std::string_view store, int64_t as_of);
  Status Transit(const Effect& effect);
  Result<Cell*> Load(std::string_view store, std::string_view item, std::string_view uom);
  Status LoadCountedAt(Cell* cell);
  Status Save(const Cell& cell);
  bool Add(int64_t* sum, int64_t delta);
  template <class F>
  Status ForEachEffect(std::string_view store, JsonValue data, F&& use);

  Statements sql_;
  std::unordered_map<std::string, Cell> cells_;
  std::unique_ptr<JsonParser> parser_ = std::make_unique<JsonParser>();
  uint64_t skipped_ = 0;
};

// Empties the ledger and applies every counted event again, in one transaction. Gives their number.
Result<uint64_t> RebuildLedger(sqlite::Database* db);

}  // namespace tillrelay::collector
