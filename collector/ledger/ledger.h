// What: the stock ledger: what the effects and counts of counted events do to `stock` and
// `transit`,
//   and one row of `movement` for each, which says what it did.
// Promise: quantities depend only on the counted events and the order of their times, not on the
//   order in which they came: a count sets a cell to what was counted plus what moved in that cell
//   after it, and what moved before it changes nothing. A count costs what moved in its cells
//   since, whatever the rest of the store did. A count from after the centre's clock is held, and
//   so is one that cannot be computed yet. A sum that would overflow stays as it was.
// Thread: the store's. Works inside the caller's transaction; cells are kept in memory until
//   `Flush`, and `Clear` drops them after a rollback. `Keep` leaves those that are written for the
//   next transaction: the caller says that nobody else writes.
// Limits: kMostCells are kept between transactions.
// Errors: those of the database.
#pragma once

#include <functional>
#include <limits>
#include <unordered_map>

#include "collector/db/tables.h"
#include "collector/ledger/posting.h"

namespace tillrelay::collector {

// What decides whether a count can be applied now.
struct CountRules {
  int64_t now = std::numeric_limits<int64_t>::max();  // microseconds by the centre's clock
  bool complete = true;                               // movement holds every event that is kept
  // Whether movements of the store after that time may have been deleted by age.
  std::function<bool(const std::string& store, int64_t as_of)> forgotten;
  // A replay of old positions: movement has them all already, and only earlier ones count.
  bool replay = false;
};

// What the event says about each cell, without what came of it.
std::vector<MovementRow> FactsOf(const Posting& posting, uint64_t position);

class Ledger {
 public:
  static constexpr size_t kMostCells = 20'000;

  explicit Ledger(Tables* tables) : tables_(*tables) {}

  void SetRules(CountRules rules) { rules_ = std::move(rules); }
  // What will be touched, so that it can be read at once: appended to `wanted`.
  static void Prefetch(const Posting& posting, Wanted* wanted);
  // What was found for it; what was wanted and not found is known to be absent.
  void Load(const Wanted& wanted, const Found& found);

  // `*changes` receives rows of movement and held_count.
  Status Apply(const Posting& posting, uint64_t position, Changes* changes);
  // The changed cells; the caller writes `*changes` before it applies anything more.
  void Flush(Changes* changes);
  void Clear();
  void Keep();
  bool Knows(const CellKey& key) const { return cells_.contains(key); }
  size_t cells() const { return cells_.size(); }
  uint64_t skipped_effects() const { return skipped_; }

 private:
  struct Cell {
    CellRow row;
    const CellKey* key = nullptr;  // in cells_
    bool dirty = false;
    std::array<int64_t, kBuckets> written{};  // what the table says
  };
  struct Transit {
    TransitRow row;
    bool dirty = false;
  };
  using CellBucket = std::pair<CellKey, size_t>;

  Status ApplyEffect(MovementRow* moved);
  Status ApplyCounted(const Posting& posting, const CountedLine& line, int64_t since,
                      MovementRow* moved);
  Status ApplyCount(const Posting& posting, std::span<MovementRow> rows, Changes* changes);
  std::string WhyHeld(const Posting& posting) const;
  Result<std::vector<int64_t>> MovedSince(const Posting& posting, uint64_t position,
                                          const Changes& changes);
  Result<Cell*> Load(const CellKey& key);
  void MarkDirty(Cell* cell);
  Result<Transit*> LoadTransit(const TransitKey& key);
  bool Add(int64_t* sum, int64_t delta);

  Tables& tables_;
  CountRules rules_;
  std::map<CellKey, Cell> cells_;
  std::vector<Cell*> dirty_;
  std::map<TransitKey, Transit> transit_;
  // What has been applied and is not written yet: the first `indexed_` movements of the changes.
  // Most transactions have no count and need none of it.
  struct Moved {
    int64_t at = 0, delta = 0;
  };
  std::map<CellBucket, std::vector<Moved>> unwritten_;
  size_t indexed_ = 0;
  uint64_t skipped_ = 0;
};

}  // namespace tillrelay::collector
