#include "agent/status/delivery_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "agent/status/overview.h"
#include "agent/status/page_words.h"
#include "common/http/html.h"

namespace tillrelay::status {
namespace {

using http::Html;
using std::chrono::seconds;

void Fact(Html& html, std::string_view name, std::string_view value) {
  if (!value.empty()) html.Put("<dt>{}</dt><dd>{}</dd>\n", name, value);
}

std::string ConnectionText(const Look& look) {
  const uplink::UplinkStats& u = look.s.uplink;
  if (u.phase == uplink::LinkPhase::kUnconfigured) return "";
  const bool online = u.phase == uplink::LinkPhase::kOnline;
  const WallTime since = u.state_since == WallTime() ? look.s.started_at : u.state_since;
  std::string text = fmt::format(
      fmt::runtime(online ? words::kConnectedSince : words::kNotConnectedSince), look.Since(since));
  if (!online && u.next_try_at > look.s.now) {
    const auto left = std::chrono::ceil<seconds>(u.next_try_at - look.s.now);
    text += " · " + fmt::format(words::kNextTryIn, AgeText(left));
  }
  return text;
}

std::string CertificatesText(const Look& look) {
  std::string text;
  for (const CertificateRow& row : look.s.certificates) {
    if (!text.empty()) text += " · ";
    const auto left = std::chrono::floor<std::chrono::days>(row.not_after - look.s.now).count();
    text += left >= 0 ? fmt::format(words::kCertificateDays, row.name, left)
                      : fmt::format(words::kCertificateExpired, row.name, look.Ago(row.not_after));
  }
  return text;
}

void Number(Html& html, std::string_view id, std::string_view label, const std::string& value) {
  html.Put(
      "<label for=\"{}\">{}</label><input type=\"text\" inputmode=\"numeric\" id=\"{}\" "
      "name=\"{}\" value=\"{}\" pattern=\"[0-9]+\" size=\"9\">\n",
      id, label, id, id, value);
}

// A question that is answered with a count first.
void ReplayForm(Html& html, const Viewer& viewer, Html fields) {
  fields.Put("<input type=\"hidden\" name=\"preview\" value=\"1\"><button>{}</button>",
             words::kReplayPreview);
  html.Raw(ActionForm(viewer, {"/replays", "fields"}, fields.Take()));
}

void ReplayForms(Html& html, const Viewer& viewer, const ReplayQuestion& q) {
  html.Put("<p class=\"soft\">{}</p>\n", words::kReplayHint);
  Html day;
  day.Put(
      "<label for=\"day\">{}</label><input type=\"date\" id=\"day\" name=\"day\" "
      "value=\"{}\" required>\n",
      words::kReplayDay, q.day);
  ReplayForm(html, viewer, std::move(day));
  Html numbers;
  Number(numbers, "first", words::kReplayNumbers, q.first);
  Number(numbers, "last", words::kReplayThrough, q.last);
  ReplayForm(html, viewer, std::move(numbers));
  Html times;
  times.Put(
      "<label for=\"from\">{}</label><input type=\"datetime-local\" id=\"from\" name=\"from\" "
      "value=\"{}\" required>\n<label for=\"through\">{}</label><input type=\"datetime-local\" "
      "id=\"through\" name=\"through\" value=\"{}\" required>\n",
      words::kReplayTimes, q.from, words::kReplayThrough, q.through);
  ReplayForm(html, viewer, std::move(times));
}

// The second step: what was asked, with its count, and the button that sends.
void Preview(Html& html, const Viewer& viewer, const ReplayQuestion& q) {
  if (!q.problem.empty()) html.Put("<p class=\"note red-text\" role=\"alert\">{}</p>\n", q.problem);
  if (!q.count) return;
  const std::string events = EventsText(*q.count);
  if (*q.count == 0) {
    html.Put("<p class=\"answer\" role=\"status\">{}</p>\n", words::kReplayNone);
    return;
  }
  Html form;
  const std::pair<std::string_view, const std::string&> fields[] = {{"day", q.day},
                                                                    {"first", q.first},
                                                                    {"last", q.last},
                                                                    {"from", q.from},
                                                                    {"through", q.through}};
  for (const auto& [name, value] : fields) {
    if (value.empty()) continue;
    form.Put("<input type=\"hidden\" name=\"{}\" value=\"{}\">", name, value);
  }
  form.Put("<p role=\"status\">{}</p><button class=\"primary\">{}</button>",
           fmt::format(words::kReplayCount, events), fmt::format(words::kReplayStart, events));
  html.Raw(ActionForm(viewer, {"/replays", "answer"}, form.Take()));
}

}  // namespace

std::string RateText(double per_second) {
  if (per_second < 0) return "–";
  if (per_second >= 10) {
    return fmt::format(words::kPerSecond, Thousands(static_cast<uint64_t>(per_second)));
  }
  const double per_minute = std::round(per_second * 600) / 10;
  return fmt::format(words::kPerMinute,
                     fmt::format("{:.{}f}", per_minute, per_minute > 0 && per_minute < 20 ? 1 : 0));
}

std::string DeliveryFacts(const Look& look) {
  const Snapshot& s = look.s;
  const uplink::UplinkStats& u = s.uplink;
  Html html;
  Fact(html, words::kConnection, ConnectionText(look));
  Fact(html, words::kLastError, u.last_error.empty() ? std::string(words::kNoError) : u.last_error);
  Fact(html, words::kInFlight, fmt::format(words::kInFlightEvents, Thousands(u.in_flight)));
  Fact(html, words::kRate,
       s.rates.stored_per_s < 0 ? ""
                                : fmt::format(words::kRates, RateText(s.rates.stored_per_s),
                                              RateText(s.rates.delivered_per_s)));
  if (s.journal.waiting > 0) {
    Fact(html, words::kFinished,
         look.v.drain_s ? fmt::format(words::kFinishedIn, AgeText(seconds(*look.v.drain_s)))
                        : std::string(words::kFinishedUnknown));
  }
  if (!s.by_broker()) Fact(html, words::kLastConfirmed, look.Ago(u.last_confirmed_at));
  Fact(html, words::kBroker, u.broker);
  Fact(html, words::kReconnects,
       fmt::format(words::kReconnectsSince, Thousands(u.connects_total), look.Since(s.started_at)));
  Fact(html, words::kCertificates, CertificatesText(look));
  return html.Take();
}

std::string ReplayProgressPiece(const Look& look) {
  Html html;
  if (look.s.uplink.replays.empty()) {
    html.Put("<p class=\"none soft\">{}</p>", words::kReplayEmpty);
    return html.Take();
  }
  const uplink::ReplayProgress& r = look.s.uplink.replays.back();  // the running one, if one runs
  const uint64_t of = std::max<uint64_t>(r.of, 1), looked = std::min(r.looked, of);
  const std::string text =
      r.state == "running" ? fmt::format(words::kReplayRunning, EventsText(r.sent),
                                         Thousands(r.looked), Thousands(r.of))
      : r.state == "done"  ? fmt::format(words::kReplayDone, EventsText(r.sent))
                           : fmt::format(words::kReplayInterrupted, EventsText(r.sent));
  html.Put("<p class=\"none\"><b>{}</b> {}</p>", fmt::format(words::kReplayOf, r.id), text);
  if (r.state == "running") {
    html.Put("<progress aria-label=\"{}\" max=\"{}\" value=\"{}\"></progress>", words::kReplay,
             std::to_string(of), std::to_string(looked));
  }
  return html.Take();
}

std::string DeliveryContent(const Look& look, const Viewer& viewer, std::string_view connection,
                            const ReplayQuestion& question) {
  Html html;
  html.Put("<section><h1>{}</h1>\n<div id=\"bar\">", words::kDelivery)
      .Raw(BarPiece(look))
      .Raw("</div>\n")
      .Raw(connection)
      .Raw("<dl class=\"facts\" id=\"facts\">")
      .Raw(DeliveryFacts(look))
      .Raw("</dl>\n");
  if (look.s.by_broker()) html.Put("<p class=\"note\">{}</p>\n", words::kCountsAsDelivered);
  html.Raw(DeliveryButtons(viewer));
  html.Put("<p class=\"note\">{}</p></section>\n",
           viewer.may_operate ? words::kActionsHint : words::kMayOnlyLook);
  html.Put("<section><h2 id=\"replay\">{}</h2>\n", words::kReplay);
  if (viewer.may_operate) {
    Preview(html, viewer, question);
    ReplayForms(html, viewer, question);
  }
  html.Raw("<div id=\"replay-progress\">").Raw(ReplayProgressPiece(look)).Raw("</div></section>\n");
  return html.Take();
}

}  // namespace tillrelay::status
