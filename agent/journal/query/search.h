// What: the journal as a person asks it: events by what the shop calls them, quarantine, books,
//   audit.
// Promise: read-only; every question has a bounded cost and says where it stopped, so that the
//   next one can go on. A search reads at most kPieceRows rows, or the known keys of one register,
//   at a time, so that the log can be written back in between; counting a span of time is one
//   read. Nothing here checks a row's hashes: that is the uplink's reader.
// Thread: one, its owner's (query).
// Errors: not found, unavailable, corrupt.
// Limits: kScanRows rows looked at for one answer, kTextRows when their text is searched. An id is
//   looked for among all that are known (id_blocks.h).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/journal/id_blocks.h"
#include "agent/journal/query/history.h"
#include "agent/journal/record.h"
#include "common/sqlite/sqlite.h"

namespace tillrelay::journal {

// Empty parts do not matter. Without `after` the newest come first; with a business day those first
// that were recorded about that day.
struct EventQuery {
  std::optional<uint64_t> after;   // positions above, ascending
  std::optional<uint64_t> before;  // positions below
  std::string register_id, number, business_day, kind, text;
  std::string id;  // UUID
  size_t limit = 100;
};

struct FoundEvent {
  Row row;  // data only where it was asked for
  std::string stream;
  uint64_t sequence = 0;
  bool current = true;  // of the current stream
};

struct EventAnswer {
  std::vector<FoundEvent> events;
  std::optional<uint64_t> go_on_before;  // older ones were not looked at yet
};

class Search {
 public:
  static constexpr size_t kScanRows = 20'000;
  static constexpr size_t kTextRows = 5'000;
  static constexpr size_t kPieceRows = 1'000;  // a few milliseconds
  static constexpr size_t kMaxAnswer = 1'000;
  static constexpr size_t kMaxParts = 256;  // registers, or kinds of documents

  static Result<std::unique_ptr<Search>> Open(const std::string& path);

  Result<EventAnswer> Events(const EventQuery& query);
  // What was stored under `Identity::key`, the newest first.
  Result<EventAnswer> UnderKey(const std::string& key);
  // By position, with data.
  Result<FoundEvent> Event(uint64_t position);
  Result<uint64_t> PositionOf(const std::string& stream, uint64_t sequence);
  // NotFound: no event of that id is known. The row itself may be deleted already.
  Result<uint64_t> PositionOfId(const std::string& id);

  // How many kept events up to position `through` were recorded from `first` through `last`; exact
  // unless the clock went back in between, because it is found by halving.
  Result<uint64_t> CountRecorded(WallTime first, WallTime last, uint64_t through);
  // How many kept events up to position `through` are of a business day, by their documents, as a
  // replay finds them. Nothing: there are more rows than one answer may look at.
  static constexpr uint64_t kCountRows = 300'000;
  Result<std::optional<uint64_t>> CountOfDay(const std::string& business_day, uint64_t through);

  // The newest first, tickets below `before` (0: all); documents only with `documents`.
  Result<std::vector<QuarantineRow>> Quarantined(uint64_t before, size_t limit, bool documents);
  Result<QuarantineRow> Ticket(uint64_t ticket);
  // Those whose document names this number, leading zeros aside, and holds this text; the newest
  // first, without documents. An empty one does not matter.
  Result<std::vector<QuarantineRow>> QuarantinedWith(const std::string& number,
                                                     const std::string& text, size_t limit);
  // Pages of the books with `from` <= key < `before`, newest first.
  Result<std::vector<std::pair<std::string, std::string>>> Pages(const std::string& from,
                                                                 const std::string& before,
                                                                 size_t limit);
  Result<std::vector<AuditRow>> Audit(uint64_t before, size_t limit);
  // Those whose outcome has this text, the newest first.
  Result<std::vector<AuditRow>> AuditNaming(const std::string& text, size_t limit);
  Result<HistoryPoints> History(const HistoryPoints& wanted) { return ReadHistory(&db_, wanted); }

 private:
  Search() = default;
  Status LoadStreams();
  Result<uint64_t> FirstRecordedFrom(WallTime time);
  Status Fill(const sqlite::Statement& row, bool with_data, FoundEvent* found) const;
  Result<EventAnswer> Ascending(const EventQuery& query);
  Result<std::vector<std::string>> PartsBehind(const std::string& start);
  Result<std::vector<std::string>> KeysOfNumber(const EventQuery& query);
  Result<EventAnswer> ByNumber(const EventQuery& query);
  Result<EventAnswer> ById(const EventQuery& query);
  Status AddPositions(const std::string& from, const std::string& before,
                      std::vector<uint64_t>* positions);
  Result<EventAnswer> ReadKept(std::vector<uint64_t> positions, const EventQuery& query);
  static bool SubjectFits(std::string_view subject, const EventQuery& query);
  struct Window;
  struct Scan;
  Result<Window> WindowOf(const std::string& business_day);
  Status LookAtPiece(const EventQuery& query, size_t rows, Scan* scan);
  Result<EventAnswer> Backwards(const EventQuery& query);

  sqlite::Database db_;
  sqlite::Statement ascending_, descending_, one_, receipt_, next_key_;
  std::vector<StreamRow> streams_;  // ascending base
};

}  // namespace tillrelay::journal
