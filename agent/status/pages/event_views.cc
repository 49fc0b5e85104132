#include "agent/status/pages/event_views.h"

#include <fmt/format.h>

#include <tuple>

#include "agent/status/pages/field_mark.h"
#include "agent/status/view_words.h"
#include "common/http/html.h"
#include "common/http/message.h"

namespace tillrelay::status {
namespace {

using http::Html;

// How far an event has come: 0 waiting, 1 sent, 2 at the broker, 3 at head office.
int Progress(const EventRow& row) {
  return row.state == "confirmed" ? 3 : row.state == "acked" ? 2 : row.state == "sent" ? 1 : 0;
}

struct State {
  std::string_view look, symbol, word;
};
State StateOf(const EventRow& row) {
  switch (Progress(row)) {
    case 3:
      return {"green", "●", words::kConfirmedState};
    case 2:
      return {"amber", "◐", words::kAckedState};
    case 1:
      return {"amber", "◔", words::kSentState};
    default:
      return {"amber", "▲", words::kWaitingState};
  }
}

void StateMark(Html& html, const EventRow& row) {
  const State state = StateOf(row);
  html.Put("<span class=\"{}-text\"><span aria-hidden=\"true\">{}</span> {}</span>", state.look,
           state.symbol, state.word);
}

// "register/03/2026-11-25/004711" -> "004711, register 03, 2026-11-25"
std::string SubjectText(const std::string& subject) {
  if (!subject.starts_with("register/")) return subject;
  const std::string_view rest = std::string_view(subject).substr(9);
  const size_t first = rest.find('/'), last = rest.rfind('/');
  if (first == std::string_view::npos || first == last) return subject;
  const std::string_view middle = rest.substr(first + 1, last - first - 1);
  if (middle == "day") {
    return fmt::format(words::kSubjectDay, rest.substr(0, first), rest.substr(last + 1));
  }
  return fmt::format(words::kSubjectReceipt, rest.substr(last + 1), rest.substr(0, first), middle);
}

void Step(Html& html, bool done, std::string_view when, std::string_view what) {
  html.Put(
      "<li class=\"{}\"><span class=\"when\">{}</span><span aria-hidden=\"true\">{}</span>"
      "<span>{}</span></li>\n",
      done ? "passed" : "todo", when, done ? "●" : "○", what);
}

// When a step of its life was taken; empty where that is not known.
std::string WhenOf(const Look& look, const EventRow& row, std::string_view name) {
  for (const LifeStep& step : row.life) {
    if (step.step == name && step.at != WallTime()) return look.faces.stamp(step.at);
  }
  return "";
}

void SearchForm(Html& html, const EventSearch& search) {
  html.Put(
      "<form class=\"find\" action=\"/events\" role=\"search\"><label for=\"q\">{}</label>"
      "<div class=\"row\"><input type=\"search\" id=\"q\" name=\"q\" value=\"{}\" "
      "autocomplete=\"off\" aria-describedby=\"q-hint\"><button class=\"primary\">{}</button>"
      "</div><small id=\"q-hint\">{}</small></form>\n",
      words::kSearchLabel, search.words, words::kSearch, words::kSearchHint);
}

void Row(Html& html, const Look& look, const EventRow& row) {
  html.Put("<tr><th scope=\"row\"><a href=\"/events/{}\">{}</a></th><td>{}</td><td>", row.id,
           SubjectText(row.subject), row.kind);
  StateMark(html, row);
  html.Put("</td><td data-k=\"{}\">{}</td><td class=\"num\" data-k=\"{}\">{}</td></tr>\n",
           words::kWhen, look.faces.stamp(row.recorded_at), words::kNumber,
           Thousands(row.sequence));
}

}  // namespace

std::string LifeList(const Look& look, const EventRow& row) {
  const int progress = Progress(row);
  const std::string stored = fmt::format(words::kLifeStored, Thousands(row.sequence));
  Html html;
  html.Raw("<ol class=\"life\">");
  std::string happened = row.time.substr(0, 19);  // the store's clock face
  if (happened.size() > 10) happened[10] = ' ';
  Step(html, true, happened, words::kLifeCaptured);
  Step(html, true, look.faces.stamp(row.recorded_at), stored);
  const std::tuple<std::string_view, int, std::string_view> steps[] = {
      {words::kLifeSent, 1, "sent"},
      {words::kLifeAcked, 2, "acked"},
      {words::kLifeConfirmed, 3, "confirmed"}};
  for (const auto& [word, needs, name] : steps) {
    if (needs == 3 && look.s.by_broker()) continue;
    const bool passed = progress >= needs;
    Step(html, passed, passed ? WhenOf(look, row, name) : std::string(words::kNotYet), word);
  }
  for (const LifeStep& step : row.life) {
    if (step.step != "replayed") continue;
    Step(html, true, step.at == WallTime() ? "" : look.faces.stamp(step.at), words::kLifeReplayed);
  }
  html.Raw("</ol>\n");
  return html.Take();
}

std::string EventsContent(const Look& look, const EventSearch& search, const EventPage& page) {
  Html html;
  html.Put("<section><h1>{}</h1>\n", words::kEvents);
  SearchForm(html, search);
  html.Raw("</section>\n");
  if (!page.quarantined.empty()) {
    html.Put("<section class=\"found\"><h2>{}</h2><ul>\n", words::kFoundInQuarantine);
    for (const QuarantineRow& row : page.quarantined) {
      html.Put("<li><a href=\"/quarantine/{}\">{}</a> <b>{}</b> <code>{}</code></li>\n",
               std::to_string(row.ticket), fmt::format(words::kTicketNo, row.ticket), row.reason,
               row.field);
    }
    html.Raw("</ul></section>\n");
  }
  if (!search.words.empty() && page.events.size() == 1) {
    const EventRow& row = page.events.front();
    html.Put("<section class=\"found\"><h2>{}</h2><p class=\"big\">", SubjectText(row.subject));
    StateMark(html, row);
    html.Put("</p>\n").Raw(LifeList(look, row));
    html.Put("<p class=\"none\"><a href=\"/events/{}\">{}</a></p></section>\n", row.id,
             words::kShowEvent);
    return html.Take();
  }
  html.Put("<section><h2>{}</h2>\n", search.words.empty() ? words::kNewest : words::kFound);
  if (page.events.empty()) {
    html.Put("<p class=\"none\">{}</p>\n", words::kNothingFound);
  } else {
    html.Put(
        "<table class=\"cards\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th>"
        "<th scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\" class=\"num\">{}"
        "</th></tr></thead><tbody>\n",
        words::kReceipt, words::kKind, words::kWhere, words::kWhen, words::kNumber);
    for (const EventRow& row : page.events) Row(html, look, row);
    html.Raw("</tbody></table>\n");
  }
  if (page.go_on_before) {
    html.Put("<p class=\"row\"><a href=\"/events?q={}&amp;before={}\">{}</a></p>\n",
             http::PercentEncode(search.words), std::to_string(*page.go_on_before), words::kOlder);
  }
  html.Raw("</section>\n");
  return html.Take();
}

std::string EventContent(const Look& look, const EventRow& row) {
  Html html;
  html.Put("<section><p class=\"back\"><a href=\"/events\">{}</a></p><h1>{}</h1><p class=\"big\">",
           words::kEvents, SubjectText(row.subject));
  StateMark(html, row);
  html.Put(" · {}</p>\n<h2>{}</h2>", row.kind, words::kLife);
  html.Raw(LifeList(look, row));
  html.Put(
      "<dl class=\"facts\"><dt>{}</dt><dd><code>{}</code></dd><dt>{}</dt><dd><code>{}</code>"
      "</dd></dl></section>\n",
      words::kEventId, row.id, words::kStream, row.stream);
  html.Put(
      "<section><h2>{}</h2><pre class=\"document\" tabindex=\"0\" role=\"region\" "
      "aria-label=\"{}\">{}</pre></section>\n",
      words::kDocument, words::kDocument, LaidOut(row.data));
  return html.Take();
}

}  // namespace tillrelay::status
