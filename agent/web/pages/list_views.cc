#include "agent/web/pages/list_views.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/admin/day_sheet.h"
#include "agent/web/overview.h"
#include "agent/web/pages/day_sheet_view.h"
#include "agent/web/view_strings.h"
#include "agent/web/word_strings.h"
#include "common/http/message.h"
#include "common/web/html.h"

namespace tillrelay::web {
namespace {

using http::Html;

std::string Count(int64_t number) { return Thousands(static_cast<uint64_t>(number)); }

void Cell(Html& html, std::string_view label, std::string_view text) {
  html.Put("<td data-k=\"{}\">{}</td>", label, text);
}

template <typename... Words>
void Columns(Html& html, const Words&... words) {
  html.Raw("<table class=\"cards\"><thead><tr>");
  (html.Put("<th scope=\"col\">{}</th>", words), ...);
  html.Raw("</tr></thead><tbody>\n");
}

// A register's numbers of one day: none missing, or which.
std::string NumbersText(const reconcile::RegisterRow& row) {
  std::string text = row.missing == 0 ? std::string(strings::kNumbersWhole)
                                      : strings::Say(strings::kNumbersMissing, row.gaps);
  if (row.restarts > 0) text += fmt::format(" · {} {}", strings::kRestarts, row.restarts);
  return text;
}

void DayMark(Html& html, const reconcile::RegisterRow& row) {
  const bool bad = row.unbalanced;
  const bool good = row.result == "balanced";
  html.Put(
      "<td data-k=\"{}\"><span class=\"{}-text\"><span aria-hidden=\"true\">{}</span> {}"
      "</span></td>",
      strings::kDayClosed,
      bad    ? "red"
      : good ? "green"
             : "soft",
      bad    ? "■"
      : good ? "●"
             : "○",
      strings::DayClose(row.result, row.reopened));
}

// What came, and what the register reports where that is another.
void NetCell(Html& html, const admin::DayRow& day) {
  const std::string& reported = day.row.reported_net_amount;
  html.Put("<td data-k=\"{}\">{}", strings::kNet,
           day.net_amount.empty() ? "–" : strings::Amount(day.net_amount));
  if (!reported.empty() && reported != day.row.net_amount) {
    const std::string apart = admin::DifferenceOf(day.row.net_amount, reported);
    html.Put("<br><small class=\"red-text\">{}</small>",
             apart.empty() ? strings::Say(strings::kReportedOther, strings::Amount(reported))
                           : strings::Say(strings::kReportedNet, strings::Amount(reported),
                                          strings::Amount(apart)));
  }
  html.Raw("</td>");
}

std::string KindsText(const admin::DayRow& day) {
  std::string text;
  for (const auto& [kind, count] : day.kinds) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", strings::WordText(kind), Count(count));
  }
  return text;
}

// "on_hand:EA" with -29.5 -> "-29.5 EA on hand"
std::string UnitsText(const admin::DayRow& day) {
  std::string text;
  for (const auto& [name, sum] : day.units) {
    const size_t colon = name.find(':');
    const std::string bucket = strings::WordText(name.substr(0, colon));
    text += fmt::format("{}{} {} {}", text.empty() ? "" : ", ", strings::Amount(sum),
                        colon == std::string::npos ? "" : name.substr(colon + 1), bucket);
  }
  return text.empty() ? "–" : text;
}

}  // namespace

std::string RegistersContent(const PageContext& context) {
  Html html;
  html.Put("<section><h1>{}</h1>\n<p class=\"soft\">{}</p>\n<div id=\"registers\">",
           strings::kRegisters, strings::kRegistersHint);
  html.Raw(RegistersPiece(context));
  html.Raw("</div></section>\n");
  return html.Take();
}

std::string DaysContent(const DayRange& range, const std::vector<admin::DayRow>& rows) {
  Html html;
  html.Put("<section><h1>{}</h1>\n<p class=\"soft\">{}</p>\n", strings::kDays, strings::kDaysHint);
  html.Put(
      "<form class=\"fields\" action=\"/days\"><label for=\"from\">{}</label><input "
      "type=\"date\" id=\"from\" name=\"from\" value=\"{}\"><label for=\"through\">{}</label>"
      "<input type=\"date\" id=\"through\" name=\"through\" value=\"{}\"><button>{}</button>"
      "</form></section>\n<section>",
      strings::kDaysFrom, range.from, strings::kDaysThrough, range.through, strings::kShow);
  if (rows.empty()) {
    html.Put("<p class=\"none soft\">{}</p></section>\n", strings::kNoDays);
    return html.Take();
  }
  Columns(html, strings::kBusinessDay, strings::kRegister, strings::kDayClosed, strings::kNumbers,
          strings::kEvents, strings::kNet, strings::kUnits, strings::kZ);
  for (const admin::DayRow& day : rows) {
    html.Put("<tr><th scope=\"row\"><a href=\"{}\">{}</a></th>", DaySheetPath(day.row),
             strings::Dated(day.row.business_day));
    Cell(html, strings::kRegister, day.row.register_id);
    DayMark(html, day.row);
    Cell(html, strings::kNumbers, NumbersText(day.row));
    html.Put("<td data-k=\"{}\">{}<br><small>{}</small></td>", strings::kEvents, Count(day.events),
             KindsText(day));
    NetCell(html, day);
    Cell(html, strings::kUnits, UnitsText(day));
    Cell(html, strings::kZ,
         day.z_numbers.empty() ? "–" : fmt::format("{}", fmt::join(day.z_numbers, ", ")));
    html.Raw("</tr>\n");
  }
  std::string query = "format=csv";
  if (!range.from.empty()) query += "&from=" + http::PercentEncode(range.from);
  if (!range.through.empty()) query += "&through=" + http::PercentEncode(range.through);
  html.Put(
      "</tbody></table>\n<p class=\"row\"><a href=\"/v1/days?{}\" download=\"days.csv\">{}</a></p>"
      "</section>\n",
      query, strings::kExportCsv);
  return html.Take();
}

std::string AuditContent(const PageContext& context, const std::vector<journal::AuditRow>& rows,
                         size_t limit) {
  Html html;
  html.Put("<section><h1>{}</h1>\n<p class=\"soft\">{}</p>\n", strings::kAudit,
           strings::kAuditHint);
  if (rows.empty()) {
    html.Put("<p class=\"none\">{}</p></section>\n", strings::kNothingHere);
    return html.Take();
  }
  Columns(html, strings::kWhen, strings::kActor, strings::kAction, strings::kSubject,
          strings::kReason, strings::kOutcome);
  for (const journal::AuditRow& row : rows) {
    html.Put("<tr><th scope=\"row\">{}</th>", context.Stamp(row.at));
    Cell(html, strings::kActor, row.actor);
    Cell(html, strings::kAction, row.action);
    Cell(html, strings::kSubject, row.subject);
    Cell(html, strings::kReason, row.reason.empty() ? "–" : row.reason);
    Cell(html, strings::kOutcome, row.outcome);
    html.Raw("</tr>\n");
  }
  html.Raw("</tbody></table>\n");
  if (rows.size() >= limit) {
    html.Put("<p class=\"row\"><a href=\"/audit?before={}\">{}</a></p>",
             std::to_string(rows.back().number), strings::kOlder);
  }
  html.Raw("</section>\n");
  return html.Take();
}

}  // namespace tillrelay::web
