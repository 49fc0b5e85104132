#include "agent/web/page_routes.h"

#include <fmt/format.h>

#include <charconv>

#include "agent/web/assets.h"
#include "agent/web/delivery_facts.h"
#include "agent/web/live.h"
#include "agent/web/overview.h"
#include "agent/web/page_forms.h"
#include "agent/web/page_handler.h"
#include "agent/web/pages/charts.h"
#include "agent/web/pages/day_sheet_view.h"
#include "agent/web/pages/event_views.h"
#include "agent/web/pages/issues_view.h"
#include "agent/web/pages/list_views.h"
#include "agent/web/pages/quarantine_view.h"
#include "agent/web/pages/question.h"
#include "agent/web/pages/system_view.h"
#include "agent/web/quarantine_forms.h"
#include "agent/web/view_strings.h"
#include "agent/web/word_strings.h"
#include "common/base/text.h"
#include "common/event/time_text.h"

namespace tillrelay::web {
namespace {

constexpr size_t kPageRows = 50;  // of a list, before "Older"
constexpr size_t kLogLines = 200;
constexpr auto kDaysShown = std::chrono::days(14);

uint64_t NumberIn(const std::string& text) {
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// Whole and above nothing, or not there; else the page says so instead.
bool HasNumber(const PageRequest& asked, const FrameParts& parts, const char* name) {
  const std::string text = asked.Query(name);
  const bool good = text.empty() || (AllDigits(text) && NumberIn(text) > 0);
  if (!good) asked.ShowFailure(parts, NotANumber(name));
  return good;
}

Past PastOf(const admin::HistoryTable& day) {
  std::string latency = Spark(day, "centre_ms_p50");
  if (latency.empty()) latency = Spark(day, "broker_ms_p50");
  return {ConnectionStrip(day), Spark(day, "waiting"), Spark(day, "stored_per_s"),
          std::move(latency)};
}

using ContentWithPast = std::function<std::string(const PageContext&, const Past&)>;

// Shows `content` with the last day; without it where it is not to be had.
void ShowWithPast(const PageRequest& asked, const FrameParts& parts,
                  const ContentWithPast& content) {
  if (!asked.viewer.signed_in || asked.queries->admin == nullptr) {
    return asked.Show(parts, [&](const PageContext& context) { return content(context, {}); });
  }
  asked.admin().History("24h", [asked, parts, content](Result<admin::HistoryTable> table) {
    asked.Show(parts, [&](const PageContext& context) {
      return content(context, table.ok() ? PastOf(*table) : Past());
    });
  });
}

void Overview(const PageRequest& asked) {
  ShowWithPast(asked, {"/", strings::kOverview, true},
               [viewer = asked.viewer](const PageContext& context, const Past& past) {
                 return OverviewContent(context, viewer, past);
               });
}

void Delivery(const PageRequest& asked) {
  ShowWithPast(asked, {"/delivery", strings::kDelivery},
               [viewer = asked.viewer](const PageContext& context, const Past& past) {
                 return DeliveryContent(context, viewer, past.connection, {});
               });
}

void Charts(const PageRequest& asked) {
  std::string range = asked.Query("range");
  if (range.empty()) range = "1h";
  const FrameParts parts{"/charts", strings::kCharts};
  if (range != "1h" && range != "24h" && range != "7d") {
    return asked.ShowFailure(parts, Refused(strings::kWrongRange));
  }
  asked.admin().History(range, [asked, parts, range](Result<admin::HistoryTable> table) {
    if (!table.ok()) return asked.ShowFailure(parts, table.status());
    asked.Show(parts,
               [&](const PageContext& context) { return ChartsContent(context, *table, range); });
  });
}

void Issues(const PageRequest& asked) {
  const auto rows = asked.admin().Issues(true);
  asked.Show({"/issues", strings::kIssues}, [&](const PageContext& context) {
    return IssuesContent(context, asked.viewer, rows, "");
  });
}

void Registers(const PageRequest& asked) {
  asked.Show({"/registers", strings::kRegisters}, RegistersContent);
}

void Ticket(const PageRequest& asked) {
  const FrameParts parts{"/quarantine", strings::kQuarantine};
  asked.admin().Ticket(NumberIn(std::string(asked.request->Param("ticket"))),
                       [asked, parts](Result<admin::QuarantineRow> row) {
                         if (!row.ok()) return asked.ShowFailure(parts, row.status());
                         asked.Show(parts, [&](const PageContext& context) {
                           return TicketContent(context, asked.viewer, *row, {});
                         });
                       });
}

void Events(const PageRequest& asked) {
  const FrameParts parts{"/events", strings::kEvents};
  if (!HasNumber(asked, parts, "before")) return;
  EventSearch search{asked.Query("q"), {}};
  search.filter = ReadQuestion(search.words);
  search.filter.limit = kPageRows;
  if (const uint64_t before = NumberIn(asked.Query("before")); before > 0) {
    search.filter.before = before;
  }
  asked.admin().FindEvents(search.filter, [asked, parts, search](Result<admin::EventPage> page) {
    if (!page.ok()) return asked.ShowFailure(parts, page.status());
    const auto show = [asked, parts, search](const admin::EventPage& found) {
      asked.Show(parts,
                 [&](const PageContext& context) { return EventsContent(context, search, found); });
    };
    if (search.words.empty() || page->events.size() != 1) return show(*page);
    // The only one is shown with its life.
    asked.admin().OneEvent(page->events.front().id,
                           [show, found = *page](Result<admin::EventRow> row) mutable {
                             if (row.ok()) found.events.front() = *std::move(row);
                             show(found);
                           });
  });
}

void Event(const PageRequest& asked) {
  const FrameParts parts{"/events", strings::kEvents};
  asked.admin().OneEvent(
      std::string(asked.request->Param("id")), [asked, parts](Result<admin::EventRow> row) {
        if (!row.ok()) return asked.ShowFailure(parts, row.status());
        asked.Show(parts, [&](const PageContext& context) { return EventContent(context, *row); });
      });
}

void Days(const PageRequest& asked) {
  DayRange range{asked.Query("from"), asked.Query("through")};
  const WallTime now = asked.queries->snapshot().now;
  if (range.from.empty()) range.from = asked.queries->faces.stamp(now - kDaysShown).substr(0, 10);
  if (range.through.empty()) range.through = asked.queries->faces.stamp(now).substr(0, 10);
  const FrameParts parts{"/days", strings::kDays};
  if (!event::IsDay(range.from) || !event::IsDay(range.through)) {
    return asked.ShowFailure(parts, Refused(strings::kWrongDay));
  }
  asked.admin().Days(
      range.from, range.through, [asked, parts, range](Result<std::vector<admin::DayRow>> rows) {
        if (!rows.ok()) return asked.ShowFailure(parts, rows.status());
        asked.Show(parts, [&](const PageContext&) { return DaysContent(range, *rows); });
      });
}

void DaySheet(const PageRequest& asked) {
  const FrameParts parts{"/days", strings::kDaySheet};
  const std::string day(asked.request->Param("day"));
  if (!event::IsDay(day))
    return asked.ShowFailure(parts, NotFound(std::string(strings::kNoSuchDay.english())));
  asked.admin().Sheet(day, std::string(asked.request->Param("register")),
                      [asked, parts](Result<admin::DaySheet> sheet) {
                        if (!sheet.ok()) return asked.ShowFailure(parts, sheet.status());
                        asked.Show(parts, [&](const PageContext& context) {
                          return DaySheetContent(context, *sheet);
                        });
                      });
}

void System(const PageRequest& asked) {
  SystemParts system;
  system.log_level = asked.Query("level");
  const std::string& level = system.log_level;
  if (level.empty()) system.log_level = "info";
  if (level != "info" && level != "warning" && level != "error") {
    return asked.ShowFailure({"/system", strings::kSystem}, Refused(strings::kWrongLevel));
  }
  system.log = asked.admin().Log(system.log_level, kLogLines);
  system.system = asked.admin().System();
  asked.Show({"/system", strings::kSystem},
             [&system](const PageContext& context) { return SystemContent(context, system); });
}

void Audit(const PageRequest& asked) {
  const FrameParts parts{"/audit", strings::kAudit};
  if (!HasNumber(asked, parts, "before")) return;
  asked.admin().Audit(NumberIn(asked.Query("before")), kPageRows,
                      [asked, parts](Result<std::vector<journal::AuditRow>> rows) {
                        if (!rows.ok()) return asked.ShowFailure(parts, rows.status());
                        asked.Show(parts, [&](const PageContext& context) {
                          return AuditContent(context, *rows, kPageRows);
                        });
                      });
}

http::Response AssetAnswer(const http::Request& request) {
  const Asset* asset = FindAsset(request.Param("name"));
  if (asset == nullptr) return http::Problem(404, "not-found", "There is nothing at this path");
  http::Response response;
  response.headers.Add("ETag", asset->etag);
  response.headers.Add("Cache-Control", "no-cache");  // kept, but asked about by its ETag
  if (request.Header("If-None-Match") == asset->etag) {
    response.status = 304;
    return response;
  }
  response.content_type = asset->content_type;
  response.body = asset->bytes;
  return response;
}

}  // namespace

void AddPageRoutes(http::Router& router, const StatusSources& sources) {
  const auto queries = std::make_shared<const StatusSources>(sources);
  router.Add("GET", "/", OpenPage(queries, Overview));
  router.TakeFields("/", {"done"});
  const struct {
    std::string_view path;
    void (*view)(const PageRequest&);
    std::vector<std::string> parameters = {};
  } views[] = {{"/issues", Issues},
               {"/delivery", Delivery},
               {"/charts", Charts, {"range"}},
               {"/registers", Registers},
               {"/quarantine", ShowQuarantine, {"reason", "register", "text", "order", "skip"}},
               {"/quarantine/{ticket}", Ticket},
               {"/events", Events, {"q", "before"}},
               {"/events/{id}", Event},
               {"/days", Days, {"from", "through"}},
               {"/days/{day}/{register}", DaySheet},
               {"/system", System, {"level"}},
               {"/audit", Audit, {"before"}}};
  for (const auto& page : views) {
    router.Add("GET", page.path, ClosedPage(queries, page.view));
    std::vector<std::string> parameters = page.parameters;
    parameters.emplace_back("done");
    router.TakeFields(page.path, std::move(parameters));
  }
  AddPageForms(router, queries);
  AddLiveRoute(router, *queries);
  router.TakeAnyParameters("/assets/{name}");
  router.Add("GET", "/assets/{name}",
             [](http::Request&& request, const http::Responder& responder) {
               responder.Send(Secured(AssetAnswer(request)));
             });
}

}  // namespace tillrelay::web
