#include "agent/daemon/admin_service.h"

#include <fmt/format.h>

#include <charconv>

#include "agent/capture/receipt_json.h"
#include "common/event/time_text.h"

namespace tillrelay {
namespace {

constexpr size_t kMaxPages = 4'000;  // about 60 registers for two months
constexpr size_t kOverviewPages = 512;
constexpr size_t kMostQuarantined = 50;  // beside the events of a search

admin::QuarantineRow RowOf(const journal::QuarantineRow& row) {
  return {row.ticket,  row.seen,   row.reason,   row.field,  row.hint,
          row.channel, row.origin, row.document, row.format, row.created_at};
}

admin::DayRow DayOf(const std::string& key, const reconcile::DaySummary& page) {
  admin::DayRow day;
  day.row = reconcile::RowOf(key, page);
  day.events = page.events();
  if (page.net_amount()) day.net_amount = page.net_amount()->Text();
  for (const auto& [bucket, sum] : page.units()) day.units.emplace_back(bucket, sum.Text());
  day.kinds.assign(page.kinds().begin(), page.kinds().end());
  day.statuses.assign(page.statuses().begin(), page.statuses().end());
  day.z_numbers = page.z_numbers();
  return day;
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

// The books take it for one of the new run, as if the register had told so.
void SayRestarted(capture::DecodedDocument* document) {
  for (journal::Entry& entry : document->entries) {
    auto* draft = std::get_if<event::Draft>(&entry);
    if (draft == nullptr || draft->book.register_epoch) continue;
    draft->book.register_epoch = reconcile::kDeclaredEpoch;
  }
}

}  // namespace

void AdminService::FindEvents(admin::EventFilter filter, admin::Reply<admin::EventPage> reply) {
  Ask<admin::EventPage>(
      std::move(reply),
      [this, filter = std::move(filter)](journal::Search& search) -> Result<admin::EventPage> {
        journal::EventQuery query;
        query.before = filter.before;
        query.register_id = filter.register_id;
        query.number = filter.number;
        query.business_day = filter.business_day;
        query.kind = filter.kind;
        query.text = filter.text;
        query.id = filter.id;
        query.limit = filter.limit;
        if (filter.after) {
          auto first = search.PositionOf("", *filter.after + 1);
          if (!first.ok()) return admin::EventPage();  // nothing behind the head
          query.after = *first - 1;
        }
        auto answer = search.Events(query);
        if (!answer.ok()) return std::move(answer).status();
        admin::EventPage page;
        page.go_on_before = answer->go_on_before;
        for (const auto& found : answer->events) page.events.push_back(RowOf(found).value());
        if (filter.after || filter.before || (filter.number + filter.text).empty()) return page;
        auto waiting = search.QuarantinedWith(filter.number, filter.text, kMostQuarantined);
        if (!waiting.ok()) return std::move(waiting).status();
        for (const auto& row : *waiting) page.quarantined.push_back(tillrelay::RowOf(row));
        return page;
      });
}

void AdminService::OneEvent(std::string id, admin::Reply<admin::EventRow> reply) {
  Ask<admin::EventRow>(
      std::move(reply),
      [this, id = std::move(id)](journal::Search& search) -> Result<admin::EventRow> {
        uint64_t position = 0, sequence = 0;
        const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), sequence);
        if (error == std::errc() && end == id.data() + id.size()) {
          auto found = search.PositionOf("", sequence);
          if (!found.ok()) return std::move(found).status();
          position = *found;
        } else {
          auto found = search.PositionOfId(id);
          if (!found.ok()) return std::move(found).status();
          position = *found;
        }
        auto event = search.Event(position);
        if (!event.ok()) return std::move(event).status();
        auto row = RowOf(*event);
        if (row.ok()) row->life = LifeOf(*row, event->current, search);
        return row;
      });
}

Result<admin::EventRow> AdminService::RowOf(const journal::FoundEvent& found) const {
  const journal::JournalStats journal = r_.journal.Stats();
  const uplink::UplinkStats link = r_.uplink.Stats();
  admin::EventRow row;
  row.position = found.row.position;
  row.sequence = found.sequence;
  row.stream = found.stream;
  row.id = UuidText(found.row.id);
  row.kind = found.row.kind;
  row.subject = found.row.subject;
  row.time = found.row.time;
  row.recorded_at = found.row.recorded_at;
  row.data = found.row.data;
  row.state = !found.current                                                          ? "confirmed"
              : found.sequence <= journal.confirmed_through                           ? "confirmed"
              : found.sequence <= std::max(link.acked_through, journal.acked_through) ? "acked"
              : found.sequence <= link.sent_through                                   ? "sent"
                                                                                      : "waiting";
  return row;
}

void AdminService::Quarantine(uint64_t before, size_t limit,
                              admin::Reply<std::vector<admin::QuarantineRow>> reply) {
  Ask<std::vector<admin::QuarantineRow>>(
      std::move(reply),
      [before, limit](journal::Search& search) -> Result<std::vector<admin::QuarantineRow>> {
        auto found = search.Quarantined(before, limit, false);
        if (!found.ok()) return std::move(found).status();
        std::vector<admin::QuarantineRow> rows;
        for (const auto& row : *found) rows.push_back(tillrelay::RowOf(row));
        return rows;
      });
}

void AdminService::Ticket(uint64_t ticket, admin::Reply<admin::QuarantineRow> reply) {
  Ask<admin::QuarantineRow>(std::move(reply),
                            [ticket](journal::Search& search) -> Result<admin::QuarantineRow> {
                              auto row = search.Ticket(ticket);
                              if (!row.ok()) return std::move(row).status();
                              return tillrelay::RowOf(*row);
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
    if (resolution.restarted) SayRestarted(&prepared);
  }
  capture::Intake::Ticket ticket{row.ticket, {}};
  ticket.audit.actor = resolution.actor;
  ticket.audit.action = ActionOf(resolution.way);
  ticket.audit.subject = fmt::format("ticket/{}", row.ticket);
  ticket.audit.reason = redact::RedactDocument(resolution.reason);
  ticket.audit.outcome = "resolved";
  auto done = [reply](Result<capture::Answer> answer) {
    if (!answer.ok()) return reply(std::move(answer).status());
    reply(admin::Resolved{answer->quarantined == 0, capture::ReceiptsJson(answer->receipts)});
  };
  if (Status s = r_.intake.Resolve(std::move(prepared), std::move(ticket), done); !s.ok()) {
    reply(std::move(s));
  }
}

int64_t AdminService::LocalSeconds(WallTime time) const {
  event::ParsedTime utc;
  utc.local_s = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
  utc.offset_s = 0;
  const auto wall = event::ParseTime(r_.zone.Resolve(utc).wall);
  return wall.ok() ? wall->local_s : utc.local_s;
}

std::vector<reconcile::RegisterRow> AdminService::Registers() {
  std::vector<reconcile::RegisterRow> rows = r_.reconciliation.Registers();
  reconcile::JudgeSilence(
      silence_, {r_.clock.Wall(), started_at_, [this](WallTime t) { return LocalSeconds(t); }},
      &rows);
  return rows;
}

void AdminService::Days(std::string from, std::string through,
                        admin::Reply<std::vector<admin::DayRow>> reply) {
  Ask<std::vector<admin::DayRow>>(
      std::move(reply),
      [from = std::move(from), through = std::move(through)](
          journal::Search& search) -> Result<std::vector<admin::DayRow>> {
        // '0' follows '/', so this is behind every register of the last day.
        const std::string before = through.empty() ? "~" : through + "0";
        auto pages = search.Pages(from, before, kMaxPages);
        if (!pages.ok()) return std::move(pages).status();
        std::vector<admin::DayRow> days;
        for (const auto& [key, text] : *pages) {
          if (const auto page = reconcile::DaySummary::Parse(text))
            days.push_back(DayOf(key, *page));
        }
        return days;
      });
}

Result<std::vector<admin::AuditRow>> AdminService::AuditOf(journal::Search& search, uint64_t before,
                                                           size_t limit) {
  auto found = search.Audit(before, limit);
  if (!found.ok()) return std::move(found).status();
  std::vector<admin::AuditRow> rows;
  for (const auto& row : *found) {
    rows.push_back(
        {row.number, row.at, row.actor, row.action, row.subject, row.reason, row.outcome});
  }
  return rows;
}

void AdminService::Audit(uint64_t before, size_t limit,
                         admin::Reply<std::vector<admin::AuditRow>> reply) {
  Ask<std::vector<admin::AuditRow>>(std::move(reply), [before, limit](journal::Search& search) {
    return AuditOf(search, before, limit);
  });
}

Status AdminService::Deliver(Delivery what, const std::string& actor) {
  const char* word = "";
  switch (what) {
    case Delivery::kPause:
      word = "delivery-pause";
      r_.uplink.Pause();
      break;
    case Delivery::kResume:
      word = "delivery-resume";
      r_.uplink.Resume();
      // Whoever lets it go on has seen what the page says of other journals.
      for (const auto& unknown : r_.uplink.Stats().unknown_streams) {
        r_.journal.AcknowledgeStream(unknown.stream);
      }
      break;
    case Delivery::kRetry:
      word = "delivery-retry";
      r_.uplink.RetryNow();
      break;
  }
  r_.journal.Audit({actor, word, "delivery", "", "done", {}, 0});
  return Status::Ok();
}

void AdminService::LoadRegisters() {
  r_.query.Ask([this](Result<journal::Search*> search) {
    if (!search.ok()) return;
    const auto pages = (*search)->Pages("", "~", kOverviewPages);
    if (!pages.ok()) return log::Warning("books", "{}", pages.status().message());
    for (const auto& [key, text] : *pages) r_.reconciliation.Remember(key, text);
  });
}

}  // namespace tillrelay
