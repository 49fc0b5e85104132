#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "agent/web/delivery_facts.h"
#include "agent/web/login_page.h"
#include "agent/web/overview.h"
#include "agent/web/pages/charts.h"
#include "agent/web/pages/day_sheet_view.h"
#include "agent/web/pages/event_views.h"
#include "agent/web/pages/list_views.h"
#include "agent/web/pages/quarantine_list.h"
#include "agent/web/pages/quarantine_view.h"
#include "agent/web/pages/system_view.h"
#include "common/http/message.h"
#include "common/language/text.h"
#include "common/web/html.h"
#include "tests/unit/agent/monitor/samples.h"

namespace tillrelay::web {
namespace {

const std::string kEvil = "<script>alert(\"1\")</script>&'";
const TimeFormat kUtc;

struct Named {
  std::string name, html;
};

std::string Overview(const monitor::Snapshot& snapshot, const Principal& viewer = {}) {
  const PageContext context(snapshot, kUtc);
  return FrameHtml(context, viewer, {"/", "Overview", true}, OverviewContent(context, viewer, {}));
}

admin::HistoryTable SampleHistory(const monitor::Snapshot& s) {
  admin::HistoryTable table;
  table.from = s.now - std::chrono::hours(24);
  for (int i = 0; i < 1440; ++i) {
    const bool off = i > 1300 && i < 1360;
    table.series["waiting"].push_back(off ? i - 1300 : 0);
    table.series["stored_per_s"].push_back(0.2);
    table.series["confirmed_per_s"].push_back(off ? 0 : 0.2);
    table.series["centre_ms_p50"].push_back(off ? std::nan("") : 4.5);
    table.series["connected"].push_back(off ? 0 : 1);
  }
  return table;
}

admin::QuarantineRow EvilTicket() {
  admin::QuarantineRow row;
  row.ticket = 17;
  row.reason = row.hint = row.channel = row.origin = row.format = kEvil;
  row.field = "lines[0].uom";
  row.document = "{\"lines\":[{\"uom\":\"" + std::string("<script>") + "\"}]}";
  return row;
}

admin::EventRow EvilEvent() {
  admin::EventRow row;
  row.id = row.kind = row.subject = row.time = row.stream = kEvil;
  row.data = "{\"a\":\"</pre><script>\"}";
  row.state = "sent";
  return row;
}

// Every view, with everything from outside at its worst.
std::vector<Named> AllViews(const monitor::Snapshot& s, bool may_operate = true) {
  const PageContext context(s, kUtc);
  const Principal viewer{true, kEvil, kEvil, may_operate};
  admin::DayRow day;
  day.row.register_id = day.row.business_day = day.row.gaps = day.net_amount = kEvil;
  day.kinds = {{kEvil, 1}};
  day.units = {{kEvil, kEvil}};
  day.z_numbers = {kEvil};
  journal::AuditRow audit;
  audit.actor = audit.action = audit.subject = audit.reason = audit.outcome = kEvil;
  SystemParts system;
  system.system.facts = {{kEvil, kEvil}};
  system.system.threads = {{kEvil, 9, 1}};
  system.system.settings = {{kEvil, kEvil, kEvil}};
  system.log = {{s.now, "error", kEvil}};
  ReplayQuestion replay;
  replay.day = replay.first = replay.from = replay.problem = kEvil;
  replay.count = 3;
  admin::EventPage events;
  events.events = {EvilEvent(), EvilEvent()};
  events.go_on_before = 7;
  admin::EventPage one;
  one.events = {EvilEvent()};
  admin::DaySheet sheet;
  sheet.day = day;
  sheet.day.events = 3;
  sheet.figures = {{kEvil, kEvil, kEvil, kEvil}};
  sheet.stream_hash = kEvil;
  sheet.kinds = {{kEvil, kEvil, 1, kEvil}};
  sheet.tenders = {{kEvil, kEvil, 1, kEvil}};
  sheet.late = {{kEvil, kEvil, kEvil, s.now}};
  admin::QuarantineRow changed = EvilTicket();
  changed.names = {kEvil, kEvil, kEvil, kEvil};
  changed.document = R"({"transaction":{"register_id":"<script>"},"lines":[{"quantity":"<b>"}]})";
  changed.stored = admin::StoredTwin{kEvil,
                                     kEvil,
                                     kEvil,
                                     1,
                                     changed.document,
                                     {{kEvil, kEvil, kEvil}, {"lines[0].quantity", "<b>", "<b>"}}};
  admin::TicketFilter filter;
  filter.reason = filter.register_id = filter.text = kEvil;
  filter.limit = 1;
  filter.skip = 1;
  admin::TicketPage tickets{{EvilTicket()}, 3, 17, {{kEvil, 2}}};
  tickets.tickets[0].names = {kEvil, kEvil, kEvil, kEvil};
  const TicketChoice choice{{17}, true, kEvil, kEvil, kEvil};
  events.quarantined = tickets.tickets;
  const auto framed = [&](const std::string& name, const std::string& content) {
    return Named{name, FrameHtml(context, viewer, {"/" + name, "View"}, content)};
  };
  return {framed("overview", OverviewContent(context, viewer, {})),
          framed("delivery", DeliveryContent(context, viewer, "", replay)),
          framed("charts", ChartsContent(context, SampleHistory(s), "24h")),
          framed("registers", RegistersContent(context)),
          framed("quarantine", QuarantineContent(context, viewer, {filter, tickets, choice})),
          framed("ticket", TicketContent(context, viewer, EvilTicket(), {kEvil, kEvil})),
          framed("changed", TicketContent(context, viewer, changed, {})),
          framed("events", EventsContent(context, {kEvil, {}}, events)),
          framed("found", EventsContent(context, {kEvil, {}}, one)),
          framed("event", EventContent(context, EvilEvent())),
          framed("days", DaysContent({kEvil, kEvil}, {day})),
          framed("day-sheet", DaySheetContent(context, sheet)),
          framed("system", SystemContent(context, system)),
          framed("audit", AuditContent(context, {audit}, 1))};
}

// A page without the forms that change only what language it is shown in.
std::string WithoutLanguages(std::string page) {
  const size_t begin = page.find("<footer class=\"languages\">"), end = page.find("</footer>");
  return begin == std::string::npos || end == std::string::npos
             ? "no languages"
             : page.erase(begin, end + 9 - begin);
}

// Elements that are opened and not closed, or the reverse.
std::string Unbalanced(const std::string& page) {
  std::vector<std::string> open;
  for (size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
    if (page[at + 1] == '!') continue;
    const size_t end = page.find('>', at);
    const bool closes = page[at + 1] == '/';
    const size_t name = at + (closes ? 2 : 1);
    const std::string tag = page.substr(name, page.find_first_of(" >/\n", name) - name);
    const bool is_void = tag == "meta" || tag == "link" || tag == "img" || tag == "input" ||
                         tag == "br" || tag == "hr" || page[end - 1] == '/';
    if (is_void) continue;
    if (!closes) {
      open.push_back(tag);
    } else if (open.empty() || open.back() != tag) {
      return "</" + tag + "> behind " + page.substr(at > 80 ? at - 80 : 0, 80);
    } else {
      open.pop_back();
    }
  }
  return open.empty() ? "" : "<" + open.back() + ">";
}

TEST(Pages, SayTheVerdictInTitleIconAndWords) {
  const std::string page = Overview(monitor::SampleNamed("name"));
  EXPECT_NE(page.find("<title>▲ 412 waiting · Store 0042 · Tillrelay</title>"), std::string::npos);
  EXPECT_NE(page.find("href=\"/assets/state-amber.svg\""), std::string::npos);
  EXPECT_NE(
      page.find("<h1>412 events waiting, oldest 14:01Z. Head office has been unreachable since "
                "14:01Z.</h1>"),
      std::string::npos);
  EXPECT_NE(page.find("<li>Check the router"), std::string::npos);
}

TEST(Pages, SayInEverySituationExactlyWhatTheDiagnosisSays) {
  for (const monitor::Sample& sample : monitor::Samples()) {
    const monitor::Snapshot snapshot = monitor::SampleNamed(sample.name);
    const monitor::Verdict verdict = monitor::Diagnose(snapshot);
    const std::string page = Overview(snapshot);
    EXPECT_NE(page.find("<h1>" + http::EscapeHtml(verdict.headline) + "</h1>"), std::string::npos)
        << sample.name;
    EXPECT_NE(page.find(http::EscapeHtml(verdict.reason)), std::string::npos) << sample.name;
    for (const std::string& step : verdict.steps) {
      EXPECT_NE(page.find("<li>" + http::EscapeHtml(step) + "</li>"), std::string::npos)
          << sample.name << " " << step;
    }
  }
}

TEST(Pages, EscapeEverythingThatCameFromOutside) {
  for (const Named& view : AllViews(monitor::SampleNamed("hostile"))) {
    EXPECT_EQ(view.html.find("<script>"), std::string::npos) << view.name;
    EXPECT_EQ(view.html.find("alert(\"1\")"), std::string::npos) << view.name;
    EXPECT_NE(view.html.find("&lt;script&gt;"), std::string::npos) << view.name;
  }
}

TEST(Pages, HaveNothingInlineAndNothingFromElsewhere) {
  for (const monitor::Sample& sample : monitor::Samples()) {
    for (const Named& view : AllViews(monitor::SampleNamed(sample.name))) {
      for (const char* forbidden : {"style=", "<style", "javascript:", " onclick", "src=\"http",
                                    "href=\"http", "action=\"http", "{}"}) {
        EXPECT_EQ(view.html.find(forbidden), std::string::npos) << view.name << " " << forbidden;
      }
      EXPECT_EQ(view.html.find("<script"), view.html.rfind("<script"));
    }
  }
}

TEST(Pages, OpenAndCloseTheirElementsInOrder) {
  for (const monitor::Sample& sample : monitor::Samples()) {
    for (const Named& view : AllViews(monitor::SampleNamed(sample.name))) {
      EXPECT_EQ(Unbalanced(view.html), "") << sample.name << " " << view.name;
    }
  }
}

TEST(Pages, EveryFormThatChangesSomethingCarriesTheToken) {
  for (const Named& view : AllViews(monitor::Healthy())) {
    const std::string html = WithoutLanguages(view.html);
    size_t forms = 0, tokens = 0;
    for (size_t at = 0; (at = html.find("method=\"post\"", at)) != std::string::npos; ++at) {
      ++forms;
    }
    for (size_t at = 0; (at = html.find("name=\"csrf\"", at)) != std::string::npos; ++at) {
      ++tokens;
    }
    EXPECT_EQ(forms, tokens) << view.name;
  }
}

TEST(Pages, AreOfferedNoChangeThatTheirLoginMayNotMake) {
  for (const Named& view : AllViews(monitor::SampleNamed("name"), false)) {
    const std::string html = WithoutLanguages(view.html);
    for (size_t at = 0; (at = html.find("method=\"post\"", at)) != std::string::npos; ++at) {
      EXPECT_EQ(html.substr(at, 30), "method=\"post\" action=\"/logout\"") << view.name;
    }
    EXPECT_EQ(view.html.find("<textarea"), std::string::npos) << view.name;
    const bool would = view.name == "ticket" || view.name == "changed" || view.name == "delivery";
    EXPECT_EQ(view.html.find("may look at everything") != std::string::npos, would) << view.name;
  }
}

TEST(Pages, AStrangerSeesNumbersAndWordsOnly) {
  const std::string page = WithoutLanguages(Overview(monitor::SampleNamed("name")));
  EXPECT_EQ(page.find("<form"), std::string::npos);
  EXPECT_EQ(page.find("href=\"/events"), std::string::npos);
  EXPECT_NE(page.find("href=\"/login\""), std::string::npos);
}

// Of what the catalogue translates and a page could show as a whole.
std::vector<std::string> EnglishIn(const std::string& page) {
  std::vector<std::string> found;
  for (const auto& [english, german] : strings::FindLanguage("de")->texts) {
    const bool telling = english.size() >= 10 && english.find('{') == std::string::npos &&
                         english.find(' ') != std::string::npos;  // no word for programs
    const std::string text = http::EscapeHtml(english);
    if (telling && english != german && page.find(text) != std::string::npos) found.push_back(text);
  }
  return found;
}

// A receipt's number is no amount.
TEST(Pages, NumbersOfReceiptsAreNotGrouped) {
  const monitor::Snapshot s = monitor::Healthy();
  admin::DaySheet sheet;
  sheet.figures = {{"first_number", "4691", "4691", ""}, {"net_amount", "4691.50", "4691.50", "0"}};
  const strings::Speaking german(*strings::FindLanguage("de"));
  const std::string page = DaySheetContent(PageContext(s, kUtc), sheet);
  EXPECT_NE(page.find(">4691<"), std::string::npos);
  EXPECT_EQ(page.find("4.691<"), std::string::npos);
  EXPECT_NE(page.find(">4.691,50<"), std::string::npos);
}

TEST(Pages, InGermanHaveNoEnglishLeft) {
  ASSERT_FALSE(EnglishIn(Overview(monitor::SampleNamed("name"))).empty());
  const strings::Speaking german(*strings::FindLanguage("de"));
  for (const monitor::Sample& sample : monitor::Samples()) {
    EXPECT_THAT(EnglishIn(Overview(monitor::SampleNamed(sample.name))), testing::IsEmpty())
        << sample.name;
  }
  for (const Named& view : AllViews(monitor::SampleNamed("name"))) {
    EXPECT_THAT(EnglishIn(view.html), testing::IsEmpty()) << view.name;
    EXPECT_NE(view.html.find("<html lang=\"de\">"), std::string::npos) << view.name;
  }
}

TEST(Pages, InGermanSayTheVerdictInTitleAndWords) {
  const strings::Speaking german(*strings::FindLanguage("de"));
  const std::string page = Overview(monitor::SampleNamed("name"));
  EXPECT_NE(page.find("<title>▲ 412 warten · Filiale 0042 · Tillrelay</title>"), std::string::npos);
  EXPECT_NE(page.find("<h1>412 Ereignisse in der Warteschlange, das älteste von 14:01Z. Die "
                      "Zentrale ist seit 14:01Z nicht erreichbar.</h1>"),
            std::string::npos)
      << page;
}

TEST(Pages, AListedIssueIsToldInTheReadersLanguage) {
  monitor::Snapshot snapshot = monitor::SampleNamed("quarantine");
  const auto found = monitor::FindIssues(snapshot).found;
  ASSERT_FALSE(found.empty());
  monitor::Issue over;  // nothing shows it any more
  over.kind = "day";
  over.key = "2026-11-21/3";
  over.title = "Register 3 has missing numbers";
  over.detail = "day 2026-11-21 was closed without 4711";
  snapshot.issues = found;
  snapshot.issues->push_back(over);
  const std::string english = Overview(snapshot);
  EXPECT_NE(english.find("Register 3 has missing numbers"), std::string::npos);
  const strings::Speaking german(*strings::FindLanguage("de"));
  const std::string page = Overview(snapshot);
  EXPECT_NE(page.find("Bei Kasse 3 fehlen Nummern"), std::string::npos);
  EXPECT_NE(page.find("Tag 21.11.2026 wurde ohne 4711 abgeschlossen"), std::string::npos);
  EXPECT_NE(page.find("in Quarantäne</a>"), std::string::npos) << page;
}

TEST(Pages, StaySmallWithManyRegisters) {
  monitor::Snapshot snapshot = monitor::Healthy();
  for (int i = 0; i < 5000; ++i) snapshot.registers.emplace_back().register_id = "r";
  EXPECT_LT(Overview(snapshot).size(), 60'000u);
}

TEST(Pages, LeaveOutTheCentreWhereTheBrokerCounts) {
  EXPECT_EQ(Overview(monitor::SampleNamed("delivered-broker")).find("confirmed by head office"),
            std::string::npos);
}

TEST(Pages, ARefusedCorrectionComesBackWithItsReason) {
  const monitor::Snapshot snapshot = monitor::Healthy();
  const std::string html = TicketContent(PageContext(snapshot, kUtc), {true, "anna", "t", true},
                                         EvilTicket(), {"{\"mine\":1}", "It still is wrong."});
  EXPECT_NE(html.find("{&quot;mine&quot;:1}</textarea>"), std::string::npos);
  EXPECT_NE(html.find("It still is wrong."), std::string::npos);
}

TEST(Charts, AveragesGroupsAndKeepsHoles) {
  const double hole = std::nan("");
  const auto groups = Condensed({1, 3, hole, 5, hole, hole}, 3);
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_EQ(groups[0], 2);
  EXPECT_EQ(groups[1], 5);
  EXPECT_TRUE(std::isnan(groups[2]));
}

TEST(Charts, EveryChartHasItsTable) {
  const monitor::Snapshot s = monitor::Healthy();
  const std::string html = ChartsContent(PageContext(s, kUtc), SampleHistory(s), "24h");
  size_t charts = 0, tables = 0;
  for (size_t at = 0; (at = html.find("role=\"img\"", at)) != std::string::npos; ++at) ++charts;
  for (size_t at = 0; (at = html.find("<table>", at)) != std::string::npos; ++at) ++tables;
  EXPECT_EQ(charts, 5u);
  EXPECT_EQ(tables, 5u);
  EXPECT_NE(html.find("class=\"mark-off\"/>"), std::string::npos) << "the outage is not marked";
  EXPECT_NE(html.find("connected 95.9 % of the time"), std::string::npos);
}

std::string ChartOf(admin::HistoryTable table) {
  const monitor::Snapshot s = monitor::Healthy();
  table.from = s.now - std::chrono::hours(1);
  return ChartsContent(PageContext(s, kUtc), table, "1h");
}

TEST(Charts, APointAloneIsDrawnAndALineIsNot) {
  const double hole = std::nan("");
  const std::string alone = ChartOf({60, {}, {{"waiting", {hole, 4, hole, 3, 2}}}});
  EXPECT_NE(alone.find("dots line-0\" d=\"M150.0 28.0h0\""), std::string::npos) << alone;
  const std::string line = ChartOf({60, {}, {{"waiting", {1, 2, 3}}}});
  EXPECT_EQ(line.find("dots"), std::string::npos);
}

TEST(Charts, UnitsFitTheFigures) {
  const std::string slow = ChartOf({60, {}, {{"stored_per_s", {0.02, 0.05}}}});
  EXPECT_NE(slow.find("<small>· a minute</small>"), std::string::npos);
  EXPECT_NE(slow.find("stored <b>3</b>"), std::string::npos) << slow;  // not 0.05
  const std::string fast = ChartOf({60, {}, {{"stored_per_s", {0.5, 12}}}});
  EXPECT_NE(fast.find("<small>· a second</small>"), std::string::npos);
  const std::string late = ChartOf({60, {}, {{"broker_ms_p50", {20, 90'000}}}});
  EXPECT_NE(late.find("<small>· seconds</small>"), std::string::npos);
  EXPECT_NE(late.find("median <b>90</b>"), std::string::npos);
}

TEST(Charts, TheLegendHasTheLastKnownValueAndEveryPointCanBeReadOut) {
  const std::string html = ChartOf({60, {}, {{"waiting", {7, 8, std::nan(""), std::nan("")}}}});
  EXPECT_NE(html.find("<b>8</b>"), std::string::npos);
  EXPECT_NE(html.find("type=\"range\" min=\"0\" max=\"3\""), std::string::npos);
  EXPECT_NE(html.find("waiting 7"), std::string::npos) << html;
}

TEST(Charts, TimesWithoutTheServiceAndUpgradesAreMarked) {
  const double hole = std::nan("");
  admin::HistoryTable table{60, {}, {{"waiting", {hole, 1, hole, hole, 2, hole}}}};
  const monitor::Snapshot s = monitor::Healthy();
  table.upgrades = {s.now - std::chrono::minutes(58)};
  const std::string html = ChartOf(table);
  // Only the hole between two points: before the first one there was nothing yet.
  EXPECT_NE(html.find("<rect x=\"240.0\" y=\"0\" width=\"240.0\" height=\"140\" "
                      "class=\"mark-down\"/>"),
            std::string::npos)
      << html;
  EXPECT_NE(html.find("<path class=\"mark-upgrade\" d=\"M200.0 0V140\"/>"), std::string::npos)
      << html;
}

TEST(Charts, NoHistoryIsSaid) {
  const monitor::Snapshot s = monitor::Healthy();
  EXPECT_NE(ChartsContent(PageContext(s, kUtc), {}, "1h").find("There is no history yet"),
            std::string::npos);
  EXPECT_EQ(ConnectionStrip({}), "");
}

TEST(Pages, ATileSaysHowLongEventsTakeAndShowsItsDay) {
  monitor::Snapshot snapshot = monitor::Healthy();
  snapshot.median_ms = 420;
  Past past;
  past.latency = Spark(SampleHistory(snapshot), "waiting");
  const PageContext context(snapshot, kUtc);
  const std::string page = OverviewContent(context, {}, past);
  EXPECT_NE(page.find("<b>420 ms</b> <span>to head office, median of the last hour · "
                      "confirmed 3 s ago</span>"),
            std::string::npos);
  EXPECT_NE(page.find("<div id=\"tile-latency-past\" data-slow><svg class=\"spark\""),
            std::string::npos);
  EXPECT_EQ(page.find("tile-waiting-past"), std::string::npos) << "a course that is not known";
}

TEST(Pages, ASparkNeedsTwoPoints) {
  admin::HistoryTable table;
  table.series["waiting"] = {std::nan(""), 3, std::nan("")};
  EXPECT_EQ(Spark(table, "waiting"), "");
  EXPECT_EQ(Spark(table, "unknown"), "");
  table.series["waiting"] = {0, 0, 0};
  EXPECT_NE(Spark(table, "waiting").find("M0.0 34.0"), std::string::npos);
}

TEST(LoginPageTest, AnotherLanguageKeepsWhereThePersonWasGoing) {
  access::LoginForm form;
  const auto next = [&form] {
    const std::string page = LoginPage(form);
    const std::string mark = "name=\"next\" value=\"";
    const size_t at = page.find(mark, page.find("action=\"/language\"")) + mark.size();
    return page.substr(at, page.find('"', at) - at);
  };
  EXPECT_EQ(next(), "/login");
  form.next = "/events?day=2026-11-21&kind=sale";
  EXPECT_EQ(next(), "/login?next=" + http::PercentEncode(form.next));
  form.link = "secret";
  EXPECT_EQ(next(), "/");
}

}  // namespace
}  // namespace tillrelay::web
