#include "agent/web/pages/event_views.h"

#include <fmt/format.h>

#include <tuple>

#include "agent/web/pages/field_mark.h"
#include "agent/web/pages/receipt_view.h"
#include "agent/web/view_strings.h"
#include "agent/web/word_strings.h"
#include "common/event/identity.h"
#include "common/http/message.h"
#include "common/web/html.h"

namespace tillrelay::web {
namespace {

using http::Html;

// How far an event has come: 0 waiting, 1 sent, 2 at the broker, 3 at head office.
int Progress(const admin::EventRow& row) {
  return row.state == "confirmed" ? 3 : row.state == "acked" ? 2 : row.state == "sent" ? 1 : 0;
}

struct State {
  std::string_view context, symbol;
  strings::Text word;
};
State StateOf(const admin::EventRow& row) {
  switch (Progress(row)) {
    case 3:
      return {"green", "●", strings::kConfirmedState};
    case 2:
      return {"amber", "◐", strings::kAckedState};
    case 1:
      return {"amber", "◔", strings::kSentState};
    default:
      return {"amber", "▲", strings::kWaitingState};
  }
}

void StateMark(Html& html, const admin::EventRow& row) {
  const State state = StateOf(row);
  html.Put("<span class=\"{}-text\"><span aria-hidden=\"true\">{}</span> {}</span>", state.context,
           state.symbol, state.word);
}

// "register/03/2026-11-25/004711" -> "004711, register 3, 2026-11-25"
std::string SubjectText(const std::string& subject) {
  if (!subject.starts_with("register/")) return subject;
  const std::string_view rest = std::string_view(subject).substr(9);
  const size_t first = rest.find('/'), last = rest.rfind('/');
  if (first == std::string_view::npos || first == last) return subject;
  const std::string_view middle = rest.substr(first + 1, last - first - 1);
  const std::string_view register_id = event::WithoutLeadingZeros(rest.substr(0, first));
  if (middle == "day") {
    return strings::Say(strings::kSubjectDay, register_id, strings::Dated(rest.substr(last + 1)));
  }
  return strings::Say(strings::kSubjectReceipt, rest.substr(last + 1), register_id,
                      strings::Dated(middle));
}

void Step(Html& html, bool done, std::string_view when, std::string_view what) {
  html.Put(
      "<li class=\"{}\"><span class=\"when\">{}</span><span aria-hidden=\"true\">{}</span>"
      "<span>{}</span></li>\n",
      done ? "passed" : "todo", when, done ? "●" : "○", what);
}

// When a step of its life was taken; empty where that is not known.
std::string WhenOf(const PageContext& context, const admin::EventRow& row, std::string_view name) {
  for (const admin::LifeStep& step : row.life) {
    if (step.step == name && step.at != WallTime()) return context.Stamp(step.at);
  }
  return "";
}

void SearchForm(Html& html, const EventSearch& search) {
  html.Put(
      "<form class=\"find\" action=\"/events\" role=\"search\"><label for=\"q\">{}</label>"
      "<div class=\"row\"><input type=\"search\" id=\"q\" name=\"q\" value=\"{}\" "
      "autocomplete=\"off\" aria-describedby=\"q-hint\"><button class=\"primary\">{}</button>"
      "</div><small id=\"q-hint\">{}</small></form>\n",
      strings::kSearchLabel, search.words, strings::kSearch, strings::kSearchHint);
}

void Row(Html& html, const PageContext& context, const admin::EventRow& row) {
  html.Put("<tr><th scope=\"row\"><a href=\"/events/{}\">{}</a></th><td>{}</td><td>", row.id,
           SubjectText(row.subject), strings::WordText(row.kind));
  StateMark(html, row);
  html.Put("</td><td data-k=\"{}\">{}</td><td class=\"num\" data-k=\"{}\">{}</td></tr>\n",
           strings::kWhen, context.Stamp(row.recorded_at), strings::kNumber,
           Thousands(row.sequence));
}

void FoundInQuarantine(Html& html, const PageContext& context,
                       const std::vector<admin::QuarantineRow>& rows) {
  if (rows.empty()) return;
  html.Put("<section class=\"found\"><h2>{}</h2><ul class=\"tickets\">\n",
           strings::kFoundInQuarantine);
  for (const admin::QuarantineRow& row : rows) {
    html.Put("<li><a href=\"/quarantine/{}\">{}</a> ", std::to_string(row.ticket),
             strings::Say(strings::kTicketNo, row.ticket));
    if (!row.names.number.empty()) {
      html.Put("{} ", strings::Say(strings::kSubjectReceipt, row.names.number,
                                   row.names.register_id.empty() ? "–" : row.names.register_id,
                                   strings::Dated(row.names.business_day)));
    }
    html.Put("<b>{}</b> <code>{}</code> <small>{}</small></li>\n", strings::ReasonText(row.reason),
             row.field, context.Ago(row.created_at));
  }
  html.Raw("</ul></section>\n");
}

// Of what was found, as a spreadsheet takes it.
void ExportLink(Html& html, const admin::EventFilter& filter) {
  const std::pair<std::string_view, const std::string&> parts[] = {
      {"register", filter.register_id},
      {"number", filter.number},
      {"business_day", filter.business_day},
      {"kind", filter.kind},
      {"text", filter.text},
      {"id", filter.id}};
  std::string query;
  for (const auto& [name, value] : parts) {
    if (!value.empty()) query += fmt::format("&{}={}", name, http::PercentEncode(value));
  }
  html.Put(
      "<p class=\"row\"><a href=\"/v1/events?format=csv{}\" "
      "download=\"events.csv\">{}</a></p>\n",
      query, strings::kExportCsv);
}

}  // namespace

std::string LifeList(const PageContext& context, const admin::EventRow& row) {
  const int progress = Progress(row);
  const std::string stored = strings::Say(strings::kLifeStored, Thousands(row.sequence));
  Html html;
  html.Raw("<ol class=\"life\">");
  std::string happened = row.time.substr(0, 19);  // the store's clock face
  if (happened.size() > 10) happened[10] = ' ';
  Step(html, true, strings::Dated(happened), strings::kLifeCaptured);
  for (const admin::LifeStep& step : row.life) {
    const bool corrected = step.step == "corrected";
    if (!corrected && step.step != "released") continue;
    Step(html, true, context.Stamp(step.at),
         corrected ? strings::Say(strings::kLifeCorrected, step.detail)
                   : strings::Say(strings::kLifeReleased, step.detail));
  }
  Step(html, true, context.Stamp(row.recorded_at), stored);
  const std::tuple<strings::Text, int, std::string_view> steps[] = {
      {strings::kLifeSent, 1, "sent"},
      {strings::kLifeAcked, 2, "acked"},
      {strings::kLifeConfirmed, 3, "confirmed"}};
  for (const auto& [word, needs, name] : steps) {
    if (needs == 3 && context.s.by_broker()) continue;
    const bool passed = progress >= needs;
    Step(html, passed, passed ? WhenOf(context, row, name) : std::string(strings::kNotYet), word);
  }
  for (const admin::LifeStep& step : row.life) {
    if (step.step != "replayed") continue;
    Step(html, true, step.at == WallTime() ? "" : context.Stamp(step.at), strings::kLifeReplayed);
  }
  html.Raw("</ol>\n");
  return html.Take();
}

std::string EventsContent(const PageContext& context, const EventSearch& search,
                          const admin::EventPage& page) {
  Html html;
  html.Put("<section><h1>{}</h1>\n", strings::kEvents);
  SearchForm(html, search);
  html.Raw("</section>\n");
  FoundInQuarantine(html, context, page.quarantined);
  if (!search.words.empty() && page.events.size() == 1) {
    const admin::EventRow& row = page.events.front();
    html.Put("<section class=\"found\"><h2>{}</h2><p class=\"big\">", SubjectText(row.subject));
    StateMark(html, row);
    html.Put("</p>\n").Raw(LifeList(context, row));
    html.Put("<p class=\"none\"><a href=\"/events/{}\">{}</a></p></section>\n", row.id,
             strings::kShowEvent);
    return html.Take();
  }
  html.Put("<section><h2>{}</h2>\n", search.words.empty() ? strings::kNewest : strings::kFound);
  if (page.events.empty()) {
    html.Put("<p class=\"none\">{}</p>\n", strings::kNothingFound);
  } else {
    html.Put(
        "<table class=\"cards\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th>"
        "<th scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\" class=\"num\">{}"
        "</th></tr></thead><tbody>\n",
        strings::kReceipt, strings::kKind, strings::kWhere, strings::kWhen, strings::kNumber);
    for (const admin::EventRow& row : page.events) Row(html, context, row);
    html.Raw("</tbody></table>\n");
  }
  if (page.go_on_before) {
    html.Put("<p class=\"row\"><a href=\"/events?q={}&amp;before={}\">{}</a></p>\n",
             http::PercentEncode(search.words), std::to_string(*page.go_on_before),
             strings::kOlder);
  }
  if (!page.events.empty()) ExportLink(html, search.filter);
  html.Raw("</section>\n");
  return html.Take();
}

std::string EventContent(const PageContext& context, const admin::EventRow& row) {
  Html html;
  html.Put("<section><p class=\"back\"><a href=\"/events\">{}</a></p><h1>{}</h1><p class=\"big\">",
           strings::kEvents, SubjectText(row.subject));
  StateMark(html, row);
  html.Put(" · {}</p>\n<h2>{}</h2>", strings::WordText(row.kind), strings::kLife);
  html.Raw(LifeList(context, row));
  html.Put(
      "<dl class=\"facts\"><dt>{}</dt><dd><code>{}</code></dd><dt>{}</dt><dd><code>{}</code>"
      "</dd></dl></section>\n",
      strings::kEventId, row.id, strings::kStream, row.stream);
  const std::string receipt = ReceiptHtml(row.kind, row.data);
  html.Put("<section><h2>{}</h2>\n", strings::kDocument).Raw(receipt);
  html.Raw(receipt.empty() ? "<details open>" : "<details>");
  html.Put("<summary>{}</summary>", strings::kReceiptSource);
  html.Put("<pre class=\"document\" tabindex=\"0\" role=\"region\" aria-label=\"{}\">{}</pre>",
           strings::kReceiptSource, LaidOut(row.data));
  html.Raw("</details></section>\n");
  return html.Take();
}

}  // namespace tillrelay::web
