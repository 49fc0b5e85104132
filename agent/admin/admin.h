// What: what a person may ask of the agent and do to it, as an interface with plain values; main's
//   side implements it (agent/daemon/admin_service.cc), the routes and the page use it.
// Promise: questions are answered on another thread than the one that asks; nothing here blocks.
//   Whoever acts is named, and the act is written to the audit.
// Thread: called on http; replies come from any thread, exactly once.
// Errors: full (too many ask at once), not found, invalid, unavailable (no journal yet).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/admin/diagnostics.h"
#include "agent/admin/difference.h"
#include "agent/admin/document_names.h"
#include "agent/journal/rows.h"
#include "agent/reconcile/reconcile_stats.h"
#include "common/base/clock.h"
#include "common/base/status.h"

namespace tillrelay::admin {

inline constexpr size_t kMaxReasonCharacters = 500;

template <typename T>
using Reply = std::function<void(Result<T>)>;

struct EventFilter {
  std::optional<uint64_t> after;   // sequences of the current stream above, ascending
  std::optional<uint64_t> before;  // positions below; the newest first
  std::string register_id, number, business_day, kind, text, id;
  size_t limit = 100;
};

struct EventRow {
  uint64_t position = 0, sequence = 0;
  std::string stream, id, kind, subject, time;
  WallTime recorded_at{};
  std::string state;           // waiting | sent | acked | confirmed
  std::string data;            // JSON; only of a single event
  std::vector<LifeStep> life;  // the same
};

// What is stored under the number of a document that says otherwise.
struct StoredTwin {
  std::string id, stream, kind;
  uint64_t sequence = 0;
  std::string data;                     // JSON
  std::vector<Difference> differences;  // from it to the document in quarantine
};

// A document in quarantine, with what it says of itself.
struct QuarantineRow : journal::QuarantineRow {
  QuarantineRow() = default;
  explicit QuarantineRow(const journal::QuarantineRow& row) : journal::QuarantineRow(row) {}

  DocumentNames names;
  std::optional<StoredTwin> stored;  // of a single `changed` ticket, while it is kept
};

enum class TicketOrder { kNewest, kOldest, kReason, kRegister };

// Which documents in quarantine; empty parts do not matter.
struct TicketFilter {
  uint64_t before = 0;  // tickets below; 0: all
  std::string reason, register_id;
  std::string text;  // in the document or in what is said of it, in capitals or not
  TicketOrder order = TicketOrder::kNewest;
  size_t skip = 0, limit = 100;
};

struct TicketPage {
  std::vector<QuarantineRow> tickets;  // without documents
  uint64_t matching = 0, newest = 0;   // of all that match: how many, and the highest ticket
  std::map<std::string, uint64_t> reasons = {};  // of all that wait
};

struct EventPage {
  std::vector<EventRow> events;
  std::optional<uint64_t> go_on_before;  // not everything was looked at
  // Documents that were not taken and name what was asked for; of a number or a text only.
  std::vector<QuarantineRow> quarantined;
};

struct DayRow {
  reconcile::RegisterRow row;
  int64_t events = 0;
  std::string net_amount;
  std::vector<std::pair<std::string, std::string>> units;  // "on_hand:EA", "-402"
  std::vector<std::pair<std::string, int64_t>> kinds, statuses;
  std::vector<std::string> z_numbers;
};

// Of one kind and currency.
struct KindTotal {
  std::string kind, currency;  // currency "": the documents name none
  int64_t documents = 0;
  std::string net_amount;  // empty: no document says one
};
struct TenderTotal {
  std::string type, currency;
  int64_t payments = 0;
  std::string amount;
};
struct LateDocument {
  std::string id, subject, kind;
  WallTime recorded_at{};
};
// One figure as it came here and as the register reported it; an empty one is not known.
struct DayFigure {
  std::string name;  // documents | sales | returns | voids | first_number | last_number |
                     // net_amount; of several currencies "net_amount CHF" each
  std::string here, reported, difference;
};

// A register's business day, to print or to keep (agent/admin/day_sheet.h).
struct DaySheet {
  DayRow day;
  std::vector<DayFigure> figures;
  uint64_t first_sequence = 0, last_sequence = 0;
  std::string stream_hash;  // docs/books.md
  std::vector<KindTotal> kinds;
  std::vector<TenderTotal> tenders;
  std::vector<LateDocument> late;
  int64_t counted = 0;      // events that kinds, tenders and late ones were taken from
  bool confirmed = false;   // all that came until now
  WallTime confirmed_at{};  // epoch: before this process started
};

// One thing that needs a person, as agent/monitor/issue.h has it.
struct IssueRow {
  std::string id, kind, key, level, title, detail, view, step, state;
  WallTime since{};
  uint64_t count = 0;
  std::string by, note;
  WallTime acknowledged_at{}, healed_at{};
};

struct Acknowledgement {
  std::string issue, note, actor;
};

// What to do with a ticket.
struct Resolution {
  enum class Way { kRetry, kResubmit, kDiscard };
  uint64_t ticket = 0;
  Way way = Way::kRetry;
  std::string document, content_type;  // of a resubmit
  std::string reason;                  // required for a discard
  // A retry: somebody says that the register's counter started again so many times on this day.
  int restarts = 0;
  std::string actor;
};

// How it went: the results as the intake tells them.
struct Resolved {
  bool gone = false;    // the ticket is out of quarantine
  std::string results;  // JSON array
};

// What to send again: numbers `first` to `last` of a stream (empty: the current one), or all that
// is kept of a business day, or of a time of recording (inclusive).
struct ReplayWish {
  std::string stream;
  uint64_t first = 0, last = 0;
  std::string business_day;
  std::optional<WallTime> recorded_from, recorded_through;
  std::string reason, actor;
};

struct ReplayPreview {
  uint64_t events = 0;
  bool exact = true;  // else about as many: what counts them was not made for it
};

struct ReplayState {
  std::string id, state;  // running | done | interrupted
  uint64_t sent = 0;      // events handed to the broker
  uint64_t looked = 0, of = 0;
};

class Admin {
 public:
  virtual ~Admin() = default;
  virtual void FindEvents(EventFilter filter, Reply<EventPage> reply) = 0;
  // By UUID, or by a sequence of the current stream.
  virtual void OneEvent(std::string id, Reply<EventRow> reply) = 0;
  virtual void Tickets(TicketFilter filter, Reply<TicketPage> reply) = 0;
  virtual void Ticket(uint64_t ticket, Reply<QuarantineRow> reply) = 0;
  virtual void Resolve(Resolution resolution, Reply<Resolved> reply) = 0;
  virtual std::vector<reconcile::RegisterRow> Registers() = 0;
  // Open ones first, the worst first; with `healed` the healed ones behind them.
  virtual std::vector<IssueRow> Issues(bool healed) = 0;
  // Not found: no such issue is open. Conflict: it is acknowledged already.
  virtual Status Acknowledge(Acknowledgement acknowledgement) = 0;
  // Both days inclusive, "2026-11-21"; an empty one has no bound.
  virtual void Days(std::string from, std::string through, Reply<std::vector<DayRow>> reply) = 0;
  // Not found: nothing is known of that day.
  virtual void Sheet(std::string business_day, std::string register_id, Reply<DaySheet> reply) = 0;
  // `range` as GET /v1/history names it.
  virtual void History(std::string range, Reply<HistoryTable> reply) = 0;
  virtual std::vector<LogLine> Log(std::string level, size_t limit) = 0;
  virtual SystemFacts System() = 0;
  // A .tar.gz of scrubbed texts.
  virtual void SupportBundle(Reply<std::string> reply) = 0;
  virtual void Audit(uint64_t before, size_t limit,
                     Reply<std::vector<journal::AuditRow>> reply) = 0;
  // How many events a replay would send.
  virtual void Preview(ReplayWish wish, Reply<ReplayPreview> reply) = 0;
  // Conflict: another one runs. Not found: nothing of it is kept. Invalid: not sent yet.
  virtual void Replay(ReplayWish wish, Reply<ReplayState> reply) = 0;
  // Those since the start that are remembered, the newest last.
  virtual std::vector<ReplayState> Replays() = 0;
  enum class Delivery { kPause, kResume, kRetry };
  virtual Status Deliver(Delivery what, const std::string& actor) = 0;
};

}  // namespace tillrelay::admin
