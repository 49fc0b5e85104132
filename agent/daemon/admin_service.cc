#include "agent/daemon/admin_service.h"

#include <fmt/format.h>

#include <charconv>

#include "common/event/time_text.h"

namespace tillrelay {
namespace {

constexpr size_t kOverviewPages = 512;

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
        if (filter.after || filter.before) return page;
        auto waiting = QuarantinedOf(filter, search);
        if (!waiting.ok()) return std::move(waiting).status();
        page.quarantined = *std::move(waiting);
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

std::string AdminService::DeliveryState(const journal::FoundEvent& found,
                                        const journal::JournalStats& journal,
                                        const uplink::UplinkStats& link) {
  for (const journal::StreamRow& stream : journal.streams) {
    if (stream.stream != found.stream) continue;
    const uint64_t acked =
        found.current ? std::max(link.acked_through, stream.acked_through) : stream.acked_through;
    if (found.sequence <= stream.confirmed_through) return "confirmed";
    if (found.sequence <= acked) return "acked";
    return found.current && found.sequence <= link.sent_through ? "sent" : "waiting";
  }
  return "waiting";
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
  row.state = DeliveryState(found, journal, link);
  return row;
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

void AdminService::Audit(uint64_t before, size_t limit,
                         admin::Reply<std::vector<journal::AuditRow>> reply) {
  Ask<std::vector<journal::AuditRow>>(std::move(reply), [before, limit](journal::Search& search) {
    return search.Audit(before, limit);
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
