// What: the collector's rows as values, the same for both databases (docs/collector.md, Tables).
// Thread: any (values).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "common/wire/chain.h"
#include "common/wire/control.h"

namespace tillrelay::collector {

struct StreamKey {
  std::string store, stream;
  auto operator<=>(const StreamKey&) const = default;
};

struct NumberKey {
  StreamKey key;
  uint64_t sequence = 0;
  auto operator<=>(const NumberKey&) const = default;
};

// What follows a declared loss whose chain is not known is taken as given.
inline constexpr wire::Chain kUnknownChain{};

struct StreamRow {
  StreamKey key;
  uint64_t through = 0;
  wire::Chain chain{};        // at `through`
  uint64_t highest_seen = 0;  // also of what could not be held
  std::string opened_at, reason;
  uint64_t revision = 0;  // grows with every change, so that what is kept in memory can be trusted
  uint64_t lost_through = 0;  // the highest number that is declared lost
};

struct EventRow {
  StreamKey key;
  uint64_t sequence = 0;
  std::string id, kind, occurred_at, recorded_at, stored_at;
  wire::Chain chain{};
  uint64_t position = 0;  // 0: it has not counted
  std::string body;
  std::string hash;  // running, at `position`; only where it was asked for
};

inline constexpr size_t kBuckets = 4;  // event::kBucketWords
inline constexpr size_t kInTransit = 3;

// "on_hand" .. "in_transit"; nothing for another word.
std::optional<size_t> BucketOf(std::string_view word);

struct CellKey {
  std::string store, item, uom;
  auto operator<=>(const CellKey&) const = default;
};

// Which count a cell holds: the one of the latest time; of two of one time the one that counted
// later.
struct CountMark {
  int64_t as_of = 0;  // microseconds
  uint64_t position = 0;
  auto operator<=>(const CountMark&) const = default;
};

struct CellRow {
  std::array<int64_t, kBuckets> micros{};
  std::array<std::optional<CountMark>, kBuckets> counted;
  uint64_t position = 0;  // that changed it last
};

struct TransitKey {
  CellKey cell;
  std::string transfer;
  auto operator<=>(const TransitKey&) const = default;
};

struct TransitRow {
  int64_t micros = 0;
  int64_t since = 0;  // the earliest time that it moved, microseconds
};

// What one line of a change did to its cell.
enum class Applied {
  kNot,         // an event from before the table was kept: only its time and delta are known
  kAdded,       // the delta
  kSet,         // by a count
  kLate,        // from before the cell's count, which had seen it: nothing
  kSuperseded,  // a count from before the cell's count: nothing
  kHeld,        // a count that cannot be applied yet: nothing so far
  kOverflow,    // the sum would be too large: nothing
  kCorrected,   // by a rebuild of the ledger
};
inline constexpr std::array<std::string_view, 8> kAppliedWords{
    "", "added", "set", "late", "superseded", "held", "overflow", "corrected"};

struct MovementRow {
  uint64_t position = 0, line = 0;
  CellKey cell;
  size_t bucket = 0;
  std::string ref;    // the transfer, for in_transit
  int64_t at = 0;     // microseconds; of a count its as_of
  int64_t delta = 0;  // of a count 0
  Applied applied = Applied::kNot;
  int64_t change = 0, quantity = 0;  // what it did, and what the cell held then
};

// A line of a count that cannot be applied now.
struct HeldRow {
  uint64_t position = 0, line = 0;
  CellKey cell;
  size_t bucket = 0;
  int64_t micros = 0, as_of = 0;
  std::string reason, since;
};
inline constexpr std::string_view kHeldAhead = "ahead";            // of the centre's clock
inline constexpr std::string_view kHeldIncomplete = "incomplete";  // movement is being filled
inline constexpr std::string_view kHeldTooOld = "too_old";         // what moved since was deleted

// The events that the collector makes itself stand under this stream of their store.
inline constexpr std::string_view kLedgerStream = "ledger";

// Numbers that were declared lost. The rows of a stream do not overlap. The range is empty
// (`last` = `first` - 1) where only the stream's end is unknown.
struct LossRow {
  wire::Range range;
  std::string reason;
  uint64_t filled = 0;                // bodies that came after all
  wire::Chain chain = kUnknownChain;  // at range.last
  bool open = false;                  // numbers after range.last may have been given and lost too

  bool Covers(uint64_t number) const { return range.first <= number && number <= range.last; }
  bool IsFilled() const { return range.first + filled > range.last; }
};

struct OwedRow {
  std::string kind, reason;
  uint64_t bytes = 0;
  std::string data_hash;  // SHA-256 of the body that is owed, hex
};

// An event whose id is not known, from a time whose ids have been deleted by age: it may have
// counted.
struct DoubtfulRow {
  NumberKey number;
  std::string id, kind, recorded_at;
};

// An event that could not be applied: kept whole until a newer program or a person can.
struct UnappliedRow {
  NumberKey number;
  wire::Chain chain{};
  std::string id, kind, reason;
  std::string raw;  // the CloudEvent as it came
  std::string since;
};
// Its row in `event` has this kind; its body names the reason and the hash of the real one.
inline constexpr std::string_view kUnappliedKind = "unapplied";

// Micro-units; nothing where the register told none.
using Amount = std::optional<int64_t>;

// What the tables for the warehouse say of one counted event that has a transaction.
struct Receipt {
  struct Line {
    std::string action, item, gtin, uom, lot;
    Amount quantity, unit_price, discount, net;
  };
  struct Tender {
    std::string type;
    Amount amount;
  };
  struct Tax {
    Amount rate, base, amount;
  };
  uint64_t position = 0;
  std::string store, business_day, register_id, transaction_no, kind, status, occurred_at, currency;
  Amount net, tax, grand;
  std::string voids_day, voids_register, voids_no;  // the receipt that a void takes back
  std::vector<Line> lines;
  std::vector<Tender> tenders;
  std::vector<Tax> taxes;
};

struct GapRow {
  wire::Range range;
  std::string since, asked_at;  // UTC text; asked_at empty: not yet
};

// What one transaction writes.
struct Changes {
  std::string now;  // UTC text that its rows carry
  std::vector<EventRow> events;
  std::map<NumberKey, uint64_t> counted;  // rows that were there -> their position
  std::vector<NumberKey> dropped;         // rows that were put aside
  std::vector<EventRow> filled;           // bodies that were owed; position 0: the id had counted
  std::map<StreamKey, StreamRow> streams;
  std::map<CellKey, CellRow> cells;
  std::map<TransitKey, TransitRow> transit;  // quantity 0: the row goes
  std::vector<MovementRow> movements;
  std::vector<HeldRow> held, released;
  std::vector<Receipt> receipts;
  // Buckets of cells that fell below zero, and those that no longer are.
  std::vector<std::pair<CellKey, size_t>> negative, no_longer_negative;
  std::map<uint64_t, std::string> hashes;                            // by position
  std::map<std::pair<NumberKey, std::string>, uint64_t> duplicates;  // and id -> how often now
  std::vector<EventRow> diverged;
  std::vector<std::pair<StreamKey, LossRow>> losses;
  std::map<NumberKey, uint64_t> loss_filled;  // by the loss's first number: how many came after all
  std::vector<DoubtfulRow> doubtful;
  std::map<NumberKey, OwedRow> owed;
  std::vector<NumberKey> owed_over;
  std::vector<UnappliedRow> unapplied;
  std::vector<UnappliedRow> applied;  // that were unapplied and have counted now, or are duplicates
  std::map<StreamKey, std::vector<GapRow>> gaps;  // replace those of the stream
};

}  // namespace tillrelay::collector
