// Documents in quarantine, as a list that people work off and as what a search finds.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "agent/admin/ticket_list.h"
#include "agent/capture/receipt_json.h"
#include "agent/daemon/admin_service.h"
#include "agent/reconcile/reconciliation.h"
#include "common/event/event_json.h"
#include "common/event/identity.h"
#include "common/event/kind.h"
#include "common/event/stored_document.h"
#include "common/redact/card_redaction.h"

namespace tillrelay {
namespace {

constexpr size_t kMostFound = 50;  // beside the events of a search
constexpr size_t kMostLookedAt = 1'000;
constexpr size_t kMostNamed = 20;               // events in a line of the audit
constexpr size_t kMostDifferenceBytes = 1'000;  // of it
// Members that say how a document came, or that were made of the others.
const std::vector<std::string> kNotOfTheDocument = {"origin", "agent_control", "result", "control",
                                                    "*.stock_effect"};
constexpr size_t kAllTickets = 1'000'000;  // the quarantine is bounded by its settings

Status ReadDocument(journal::Search& search, admin::QuarantineRow* row) {
  auto whole = search.Ticket(row->ticket);
  if (!whole.ok()) return std::move(whole).status();
  row->names = admin::NamesIn(whole->document);
  row->document = std::move(whole->document);
  return Status::Ok();
}

// A ticket that has just been resolved is no longer listed. One document at a time is held.
Result<std::vector<admin::QuarantineRow>> Matching(const std::vector<journal::QuarantineRow>& all,
                                                   const admin::TicketFilter& filter,
                                                   journal::Search& search) {
  const bool documents = admin::NeedsDocuments(filter);
  std::vector<admin::QuarantineRow> rows;
  for (const journal::QuarantineRow& listed : all) {
    if (filter.before != 0 && listed.ticket >= filter.before) continue;
    if (!filter.reason.empty() && listed.reason != filter.reason) continue;
    admin::QuarantineRow row(listed);
    if (documents) {
      const Status read = ReadDocument(search, &row);
      if (read.code() == Code::kNotFound) continue;
      if (!read.ok()) return read;
    }
    if (!admin::Matches(row, filter)) continue;
    row.document.clear();
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<admin::TicketPage> PageOf(const admin::TicketFilter& filter, journal::Search& search) {
  auto all = search.Quarantined(0, kAllTickets, false);
  if (!all.ok()) return std::move(all).status();
  admin::TicketPage page;
  for (const journal::QuarantineRow& row : *all) ++page.reasons[row.reason];
  TRY(admin::CheckReasonFilter(filter, page.reasons));
  auto rows = Matching(*all, filter, search);
  if (!rows.ok()) return std::move(rows).status();
  page.matching = rows->size();
  for (const admin::QuarantineRow& row : *rows) page.newest = std::max(page.newest, row.ticket);
  admin::Sort(filter.order, &*rows);
  const auto from = rows->begin() + static_cast<ptrdiff_t>(std::min(filter.skip, rows->size()));
  const auto room = static_cast<size_t>(rows->end() - from);
  page.tickets.assign(
      std::make_move_iterator(from),
      std::make_move_iterator(from + static_cast<ptrdiff_t>(std::min(filter.limit, room))));
  if (admin::NeedsDocuments(filter)) return page;
  for (admin::QuarantineRow& row : page.tickets) {
    const Status read = ReadDocument(search, &row);
    if (!read.ok() && read.code() != Code::kNotFound) return read;
    row.document.clear();
  }
  return page;
}

// What is said to be of another register, day or kind is not meant. What does not say may be meant.
bool MayBeMeant(const admin::DocumentNames& names, const admin::EventFilter& filter) {
  const auto contradicts = [](const std::string& said, const std::string& wanted) {
    return !said.empty() && !wanted.empty() &&
           said != std::string(event::WithoutLeadingZeros(wanted));
  };
  return !contradicts(names.register_id, filter.register_id) &&
         !contradicts(names.business_day, filter.business_day) &&
         !contradicts(names.kind, filter.kind);
}

const char* ActionOf(admin::Resolution::Way way) {
  switch (way) {
    case admin::Resolution::Way::kRetry:
      return "quarantine-retry";
    case admin::Resolution::Way::kResubmit:
      return "quarantine-resubmit";
    case admin::Resolution::Way::kDiscard:
      return "quarantine-discard";
  }
  return "";
}

// By all that names it; else, as POSLog and other formats are kept, by register, number and day.
Result<journal::EventAnswer> FindStored(journal::Search& search, const admin::QuarantineRow& row) {
  const std::string key = event::KeyOfDocument(row.document);
  if (!key.empty()) {
    auto found = search.UnderKey(key);
    if (!found.ok() || !found->events.empty()) return found;
  }
  if (row.names.number.empty()) return journal::EventAnswer();
  journal::EventQuery query;
  query.register_id = row.names.register_id;
  query.number = row.names.number;
  query.business_day = row.names.business_day;
  if (query.register_id.empty()) query.kind = row.names.kind;
  query.limit = 1;
  return search.Events(query);
}

// The document that is stored under the same number, and in what they differ.
Status FindTwin(journal::Search& search, admin::QuarantineRow* row) {
  const bool contradicts = row->reason == "changed" || row->reason == "time_changed";
  if (!contradicts) return Status::Ok();
  auto found = FindStored(search, *row);
  if (!found.ok()) return std::move(found).status();
  if (found->events.empty()) return Status::Ok();  // deleted by age
  auto event = search.Event(found->events.front().row.position);
  if (event.status().code() == Code::kNotFound) return Status::Ok();
  if (!event.ok()) return std::move(event).status();
  admin::StoredTwin twin{UuidText(event->row.id), event->stream,   event->row.kind,
                         event->sequence,         event->row.data, {}};
  const auto kind = event::ParseKind(twin.kind);
  twin.differences = admin::DifferencesOf(kind ? event::WithKind(*kind, twin.data) : twin.data,
                                          row->document, kNotOfTheDocument);
  row->stored = std::move(twin);
  return Status::Ok();
}

// For the audit: which events it became, and what a person has changed.
std::string OutcomeOf(const journal::QuarantineRow& row, const admin::Resolution& resolution,
                      const capture::DecodedDocument& prepared) {
  std::string text = "resolved";
  size_t events = 0;
  for (const journal::Entry& entry : prepared.entries) {
    const auto* draft = std::get_if<event::Draft>(&entry);
    if (draft == nullptr || events == kMostNamed) continue;
    text += (events++ == 0 ? " as event " : ", ") + UuidText(draft->identity.id);
  }
  if (resolution.way != admin::Resolution::Way::kResubmit) return text;
  const auto differences = admin::DifferencesOf(row.document, resolution.document);
  if (differences.empty()) return text;
  return text + "; " +
         redact::RedactDocument(admin::DifferenceText(differences, kMostDifferenceBytes));
}

// The books take it for one of the new run, as if the register had told so.
void SayRestarted(capture::DecodedDocument* document, int restarts) {
  for (journal::Entry& entry : document->entries) {
    auto* draft = std::get_if<event::Draft>(&entry);
    if (draft == nullptr || draft->book.register_epoch) continue;
    draft->book.register_epoch = reconcile::DaySummary::DeclaredEpoch(restarts);
  }
}

}  // namespace

void AdminService::Tickets(admin::TicketFilter filter, admin::Reply<admin::TicketPage> reply) {
  Ask<admin::TicketPage>(std::move(reply), [filter = std::move(filter)](journal::Search& search) {
    return PageOf(filter, search);
  });
}

void AdminService::Ticket(uint64_t ticket, admin::Reply<admin::QuarantineRow> reply) {
  Ask<admin::QuarantineRow>(std::move(reply),
                            [ticket](journal::Search& search) -> Result<admin::QuarantineRow> {
                              auto row = search.Ticket(ticket);
                              if (!row.ok()) return std::move(row).status();
                              admin::QuarantineRow whole(*row);
                              whole.names = admin::NamesIn(whole.document);
                              TRY(FindTwin(search, &whole));
                              return whole;
                            });
}

void AdminService::Resolve(admin::Resolution resolution, admin::Reply<admin::Resolved> reply) {
  const bool asked = r_.query.Ask(
      [this, resolution = std::move(resolution), reply](Result<journal::Search*> search) {
        if (!search.ok()) return reply(std::move(search).status());
        auto row = (*search)->Ticket(resolution.ticket);
        if (!row.ok()) return reply(std::move(row).status());
        TakeTicket(resolution, *row, reply);
      });
  if (!asked) reply(Busy());
}

void AdminService::TakeTicket(const admin::Resolution& resolution,
                              const journal::QuarantineRow& row,
                              admin::Reply<admin::Resolved> reply) {
  const bool corrected = resolution.way == admin::Resolution::Way::kResubmit;
  capture::DecodedDocument prepared;
  if (resolution.way != admin::Resolution::Way::kDiscard) {
    auto document = r_.intake.FromQuarantine(
        {row.channel.empty() ? "quarantine" : row.channel, row.origin,
         corrected ? resolution.document : row.document,
         corrected && !resolution.content_type.empty() ? resolution.content_type : row.format});
    if (!document.ok()) return reply(std::move(document).status());
    prepared = r_.intake.Prepare(&*document);
    if (!prepared.syntax && prepared.entries.empty()) {
      return reply(Invalid("the document holds no event"));
    }
    if (resolution.restarts > 0) SayRestarted(&prepared, resolution.restarts);
  }
  capture::Intake::Ticket ticket{row.ticket, {}};
  ticket.audit.actor = resolution.actor;
  ticket.audit.action = ActionOf(resolution.way);
  ticket.audit.subject = fmt::format("ticket/{}", row.ticket);
  ticket.audit.reason = redact::RedactNote(resolution.reason);
  ticket.audit.outcome = OutcomeOf(row, resolution, prepared);
  auto done = [reply](Result<capture::Answer> answer) {
    if (!answer.ok()) return reply(std::move(answer).status());
    reply(admin::Resolved{answer->quarantined == 0, capture::ReceiptsJson(answer->receipts)});
  };
  if (Status s = r_.intake.Resolve(std::move(prepared), std::move(ticket), done); !s.ok()) {
    reply(std::move(s));
  }
}

Result<std::vector<admin::QuarantineRow>> AdminService::QuarantinedOf(
    const admin::EventFilter& filter, journal::Search& search) {
  std::vector<admin::QuarantineRow> rows;
  if ((filter.number + filter.text).empty()) return rows;
  auto found = search.QuarantinedWith(filter.number, filter.text, kMostLookedAt);
  if (!found.ok()) return std::move(found).status();
  for (const journal::QuarantineRow& listed : *found) {
    if (rows.size() == kMostFound) break;
    admin::QuarantineRow row(listed);
    const Status read = ReadDocument(search, &row);
    if (read.code() == Code::kNotFound) continue;
    if (!read.ok()) return read;
    row.document.clear();
    if (MayBeMeant(row.names, filter)) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace tillrelay
