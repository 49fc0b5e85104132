#include "agent/status/page_routes.h"

#include <fmt/format.h>

#include <charconv>

#include "agent/status/delivery_facts.h"
#include "agent/status/overview.h"
#include "agent/status/page_door.h"
#include "agent/status/page_forms.h"
#include "agent/status/pages/charts.h"
#include "agent/status/pages/event_views.h"
#include "agent/status/pages/list_views.h"
#include "agent/status/pages/quarantine_view.h"
#include "agent/status/pages/question.h"
#include "agent/status/pages/system_view.h"
#include "agent/status/view_words.h"

namespace tillrelay::status {
namespace {

constexpr size_t kPageRows = 50;  // of a list, before "Older"
constexpr size_t kLogLines = 200;
constexpr auto kDaysShown = std::chrono::days(14);

uint64_t NumberIn(const std::string& text) {
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

Past PastOf(const HistoryTable& day) {
  std::string latency = Spark(day, "centre_ms_p50");
  if (latency.empty()) latency = Spark(day, "broker_ms_p50");
  return {ConnectionStrip(day), Spark(day, "waiting"), Spark(day, "stored_per_s"),
          std::move(latency)};
}

using ContentWithPast = std::function<std::string(const Look&, const Past&)>;

// Shows `content` with the last day; without it where it is not to be had.
void ShowWithPast(const Asked& asked, const FrameParts& parts, const ContentWithPast& content) {
  if (!asked.viewer.signed_in || asked.queries->admin == nullptr) {
    return asked.Show(parts, [&](const Look& look) { return content(look, {}); });
  }
  asked.admin().History("24h", [asked, parts, content](Result<HistoryTable> table) {
    const Past past = table.ok() ? PastOf(*table) : Past();
    asked.Show(parts, [&](const Look& look) { return content(look, past); });
  });
}

void Overview(const Asked& asked) {
  ShowWithPast(asked, {"/", words::kOverview, true},
               [viewer = asked.viewer](const Look& look, const Past& past) {
                 return OverviewContent(look, viewer, past);
               });
}

void Delivery(const Asked& asked) {
  ShowWithPast(asked, {"/delivery", words::kDelivery},
               [viewer = asked.viewer](const Look& look, const Past& past) {
                 return DeliveryContent(look, viewer, past.connection, {});
               });
}

void Charts(const Asked& asked) {
  std::string range = asked.Query("range");
  if (range != "24h" && range != "7d") range = "1h";
  const FrameParts parts{"/charts", words::kCharts};
  asked.admin().History(range, [asked, parts, range](Result<HistoryTable> table) {
    if (!table.ok()) return asked.ShowFailure(parts, table.status());
    asked.Show(parts, [&](const Look& look) { return ChartsContent(look, *table, range); });
  });
}

void Registers(const Asked& asked) {
  asked.Show({"/registers", words::kRegisters}, RegistersContent);
}

void Quarantine(const Asked& asked) {
  const FrameParts parts{"/quarantine", words::kQuarantine};
  asked.admin().Quarantine(NumberIn(asked.Query("before")), kPageRows,
                           [asked, parts](Result<std::vector<QuarantineRow>> rows) {
                             if (!rows.ok()) return asked.ShowFailure(parts, rows.status());
                             asked.Show(parts, [&](const Look& look) {
                               return QuarantineContent(look, *rows, kPageRows);
                             });
                           });
}

void Ticket(const Asked& asked) {
  const FrameParts parts{"/quarantine", words::kQuarantine};
  asked.admin().Ticket(NumberIn(std::string(asked.request->Param("ticket"))),
                       [asked, parts](Result<QuarantineRow> row) {
                         if (!row.ok()) return asked.ShowFailure(parts, row.status());
                         asked.Show(parts, [&](const Look& look) {
                           return TicketContent(look, asked.viewer, *row, {});
                         });
                       });
}

void Events(const Asked& asked) {
  EventSearch search{asked.Query("q"), {}};
  search.filter = ReadQuestion(search.words);
  search.filter.limit = kPageRows;
  if (const uint64_t before = NumberIn(asked.Query("before")); before > 0) {
    search.filter.before = before;
  }
  const FrameParts parts{"/events", words::kEvents};
  asked.admin().FindEvents(search.filter, [asked, parts, search](Result<EventPage> page) {
    if (!page.ok()) return asked.ShowFailure(parts, page.status());
    const auto show = [asked, parts, search](const EventPage& found) {
      asked.Show(parts, [&](const Look& look) { return EventsContent(look, search, found); });
    };
    if (search.words.empty() || page->events.size() != 1) return show(*page);
    // The only one is shown with its life.
    asked.admin().OneEvent(page->events.front().id,
                           [show, found = *page](Result<EventRow> row) mutable {
                             if (row.ok()) found.events.front() = *std::move(row);
                             show(found);
                           });
  });
}

void Event(const Asked& asked) {
  const FrameParts parts{"/events", words::kEvents};
  asked.admin().OneEvent(
      std::string(asked.request->Param("id")), [asked, parts](Result<EventRow> row) {
        if (!row.ok()) return asked.ShowFailure(parts, row.status());
        asked.Show(parts, [&](const Look& look) { return EventContent(look, *row); });
      });
}

void Days(const Asked& asked) {
  DayRange range{asked.Query("from"), asked.Query("through")};
  const WallTime now = asked.queries->snapshot().now;
  if (range.from.empty()) range.from = asked.queries->faces.stamp(now - kDaysShown).substr(0, 10);
  if (range.through.empty()) range.through = asked.queries->faces.stamp(now).substr(0, 10);
  const FrameParts parts{"/days", words::kDays};
  asked.admin().Days(range.from, range.through,
                     [asked, parts, range](Result<std::vector<DayRow>> rows) {
                       if (!rows.ok()) return asked.ShowFailure(parts, rows.status());
                       asked.Show(parts, [&](const Look&) { return DaysContent(range, *rows); });
                     });
}

void System(const Asked& asked) {
  SystemParts system;
  system.log_level = asked.Query("level");
  if (system.log_level.empty()) system.log_level = "info";
  system.log = asked.admin().Log(system.log_level, kLogLines);
  system.system = asked.admin().System();
  asked.Show({"/system", words::kSystem},
             [&system](const Look& look) { return SystemContent(look, system); });
}

void Audit(const Asked& asked) {
  const FrameParts parts{"/audit", words::kAudit};
  asked.admin().Audit(
      NumberIn(asked.Query("before")), kPageRows,
      [asked, parts](Result<std::vector<AuditRow>> rows) {
        if (!rows.ok()) return asked.ShowFailure(parts, rows.status());
        asked.Show(parts, [&](const Look& look) { return AuditContent(look, *rows, kPageRows); });
      });
}

}  // namespace

void AddPageRoutes(http::Router& router, const Queries& queries_in) {
  const auto queries = std::make_shared<const Queries>(queries_in);
  router.Add("GET", "/", OpenPage(queries, Overview));
  const std::pair<std::string_view, void (*)(const Asked&)> views[] = {
      {"/delivery", Delivery},
      {"/charts", Charts},
      {"/registers", Registers},
      {"/quarantine", Quarantine},
      {"/quarantine/{ticket}", Ticket},
      {"/events", Events},
      {"/events/{id}", Event},
      {"/days", Days},
      {"/system", System},
      {"/audit", Audit}};
  for (const auto& [path, view] : views) router.Add("GET", path, ClosedPage(queries, view));
  AddPageForms(router, queries);
}

}  // namespace tillrelay::status
