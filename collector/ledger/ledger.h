// What: the stock ledger: adds the signed stock effects of counted events to `stock` and `transit`.
// Promise: the result depends only on the counted events and their positions, so it can be rebuilt
//   from the event table. A count sets a cell to what was counted plus the effects of the store's
//   earlier applied events that happened after it; what happened before it and is applied later
//   leaves the cell alone and is listed in `late`. A sum that would overflow stays as it was.
// Thread: the store's. Works inside the caller's transaction; cells are kept in memory until
// `Flush`,
//   and `Clear` drops them after a rollback.
// Errors: those of the database.
#pragma once

#include <functional>
#include <unordered_map>

#include "collector/db/tables.h"
#include "collector/ledger/posting.h"

namespace tillrelay::collector {

class Ledger {
 public:
  // `flush` writes what the caller holds back, so that it can be read.
  Ledger(Tables* tables, std::function<Status()> flush)
      : tables_(*tables), flush_(std::move(flush)) {}

  // What will be touched, so that it can be read at once: appended to `wanted`.
  static void Prefetch(const Posting& posting, Wanted* wanted);
  // What was found for it; what was wanted and not found is known to be absent.
  void Load(const Wanted& wanted, const Found& found);

  // `*changes` receives timeline and late rows.
  Status Apply(const Posting& posting, uint64_t position, Changes* changes);
  // The changed cells.
  void Flush(Changes* changes);
  void Clear();
  size_t cells() const { return cells_.size(); }
  uint64_t skipped_effects() const { return skipped_; }

 private:
  struct Cell {
    CellRow row;
    bool dirty = false;
  };
  struct Transit {
    int64_t micros = 0;
    bool dirty = false;
  };
  using Sums = std::map<std::pair<CellKey, size_t>, int64_t>;

  Status ApplyEffect(int64_t at, const Effect& effect, LateRow late, Changes* changes);
  Status ApplyCount(const Posting& posting, uint64_t position);
  Result<Sums> MovedSince(const Posting& posting, uint64_t position);
  Result<Cell*> Load(const CellKey& key);
  Result<Transit*> LoadTransit(const TransitKey& key);
  bool Add(int64_t* sum, int64_t delta);

  Tables& tables_;
  std::function<Status()> flush_;
  std::map<CellKey, Cell> cells_;
  std::map<TransitKey, Transit> transit_;
  JsonParser parser_;
  uint64_t skipped_ = 0;
};

}  // namespace tillrelay::collector
