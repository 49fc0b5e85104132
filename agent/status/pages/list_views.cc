#include "agent/status/pages/list_views.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/status/overview.h"
#include "agent/status/view_words.h"
#include "common/http/html.h"

namespace tillrelay::status {
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
std::string NumbersText(const books::RegisterRow& row) {
  std::string text = row.missing == 0 ? std::string(words::kNumbersWhole)
                                      : fmt::format(words::kNumbersMissing, row.gaps);
  if (row.restarts > 0) text += fmt::format(" · {} {}", words::kRestarts, row.restarts);
  return text;
}

void DayMark(Html& html, const books::RegisterRow& row) {
  const bool bad = row.result == "gaps" || row.result == "mismatch";
  const bool good = row.result == "balanced";
  html.Put(
      "<td data-k=\"{}\"><span class=\"{}-text\"><span aria-hidden=\"true\">{}</span> {}"
      "</span></td>",
      words::kDayClosed,
      bad    ? "red"
      : good ? "green"
             : "soft",
      bad    ? "■"
      : good ? "●"
             : "○",
      words::DayClose(row.result, row.reopened));
}

std::string KindsText(const DayRow& day) {
  std::string text;
  for (const auto& [kind, count] : day.kinds) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", kind, Count(count));
  }
  return text;
}

// "on_hand:EA" with -29.5 -> "-29.5 EA on hand"
std::string UnitsText(const DayRow& day) {
  std::string text;
  for (const auto& [name, sum] : day.units) {
    const size_t colon = name.find(':');
    std::string bucket = name.substr(0, colon);
    std::replace(bucket.begin(), bucket.end(), '_', ' ');
    text += fmt::format("{}{} {} {}", text.empty() ? "" : ", ", sum,
                        colon == std::string::npos ? "" : name.substr(colon + 1), bucket);
  }
  return text.empty() ? "–" : text;
}

}  // namespace

std::string RegistersContent(const Look& look) {
  Html html;
  html.Put("<section><h1>{}</h1>\n<p class=\"soft\">{}</p>\n<div id=\"registers\">",
           words::kRegisters, words::kRegistersHint);
  html.Raw(RegistersPiece(look));
  html.Put("</div></section>\n<section><h2>{}</h2>", words::kMore);
  Columns(html, words::kRegister, words::kBusinessDay, words::kOthers, words::kNumbers,
          words::kDuplicates, words::kConflicts, words::kDayClosed);
  for (const books::RegisterRow& row : look.s.registers) {
    html.Put("<tr><th scope=\"row\">{}</th>", row.register_id);
    Cell(html, words::kBusinessDay, row.business_day);
    Cell(html, words::kOthers, Count(row.others));
    Cell(html, words::kNumbers, NumbersText(row));
    Cell(html, words::kDuplicates, Thousands(row.duplicates));
    Cell(html, words::kConflicts, Thousands(row.conflicts));
    DayMark(html, row);
    html.Raw("</tr>\n");
  }
  html.Raw("</tbody></table></section>\n");
  return html.Take();
}

std::string DaysContent(const DayRange& range, const std::vector<DayRow>& rows) {
  Html html;
  html.Put("<section><h1>{}</h1>\n<p class=\"soft\">{}</p>\n", words::kDays, words::kDaysHint);
  html.Put(
      "<form class=\"fields\" action=\"/days\"><label for=\"from\">{}</label><input "
      "type=\"date\" id=\"from\" name=\"from\" value=\"{}\"><label for=\"through\">{}</label>"
      "<input type=\"date\" id=\"through\" name=\"through\" value=\"{}\"><button>{}</button>"
      "</form></section>\n<section>",
      words::kDaysFrom, range.from, words::kDaysThrough, range.through, words::kShow);
  if (rows.empty()) {
    html.Put("<p class=\"none soft\">{}</p></section>\n", words::kNoDays);
    return html.Take();
  }
  Columns(html, words::kBusinessDay, words::kRegister, words::kDayClosed, words::kNumbers,
          words::kEvents, words::kNet, words::kUnits, words::kZ);
  for (const DayRow& day : rows) {
    html.Put("<tr><th scope=\"row\">{}</th>", day.row.business_day);
    Cell(html, words::kRegister, day.row.register_id);
    DayMark(html, day.row);
    Cell(html, words::kNumbers, NumbersText(day.row));
    html.Put("<td data-k=\"{}\">{}<br><small>{}</small></td>", words::kEvents, Count(day.events),
             KindsText(day));
    Cell(html, words::kNet, day.net_amount.empty() ? "–" : day.net_amount);
    Cell(html, words::kUnits, UnitsText(day));
    Cell(html, words::kZ,
         day.z_numbers.empty() ? "–" : fmt::format("{}", fmt::join(day.z_numbers, ", ")));
    html.Raw("</tr>\n");
  }
  html.Raw("</tbody></table></section>\n");
  return html.Take();
}

std::string AuditContent(const Look& look, const std::vector<AuditRow>& rows, size_t limit) {
  Html html;
  html.Put("<section><h1>{}</h1>\n<p class=\"soft\">{}</p>\n", words::kAudit, words::kAuditHint);
  if (rows.empty()) {
    html.Put("<p class=\"none\">{}</p></section>\n", words::kNothingHere);
    return html.Take();
  }
  Columns(html, words::kWhen, words::kActor, words::kAction, words::kSubject, words::kReason,
          words::kOutcome);
  for (const AuditRow& row : rows) {
    html.Put("<tr><th scope=\"row\">{}</th>", look.faces.stamp(row.at));
    Cell(html, words::kActor, row.actor);
    Cell(html, words::kAction, row.action);
    Cell(html, words::kSubject, row.subject);
    Cell(html, words::kReason, row.reason.empty() ? "–" : row.reason);
    Cell(html, words::kOutcome, row.outcome);
    html.Raw("</tr>\n");
  }
  html.Raw("</tbody></table>\n");
  if (rows.size() >= limit) {
    html.Put("<p class=\"row\"><a href=\"/audit?before={}\">{}</a></p>",
             std::to_string(rows.back().number), words::kOlder);
  }
  html.Raw("</section>\n");
  return html.Take();
}

}  // namespace tillrelay::status
