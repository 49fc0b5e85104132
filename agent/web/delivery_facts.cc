#include "agent/web/delivery_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "agent/web/overview.h"
#include "agent/web/page_strings.h"
#include "common/web/html.h"

namespace tillrelay::web {
namespace {

using http::Html;
using std::chrono::seconds;

void Fact(Html& html, std::string_view name, std::string_view value) {
  if (!value.empty()) html.Put("<dt>{}</dt><dd>{}</dd>\n", name, value);
}

std::string ConnectionText(const PageContext& context) {
  const uplink::UplinkStats& u = context.s.uplink;
  if (u.phase == uplink::LinkPhase::kUnconfigured) return "";
  const bool online = u.phase == uplink::LinkPhase::kOnline;
  const WallTime since = u.state_since == WallTime() ? context.s.started_at : u.state_since;
  std::string text = online ? strings::Say(strings::kConnectedSince, context.Since(since))
                            : strings::Say(strings::kNotConnectedSince, context.Since(since));
  if (!online && u.next_try_at > context.s.now) {
    const auto left = std::chrono::ceil<seconds>(u.next_try_at - context.s.now);
    text += " · " + strings::Say(strings::kNextTryIn, AgeText(left));
  }
  return text;
}

std::string CertificatesText(const PageContext& context) {
  std::string text;
  for (const monitor::CertificateRow& row : context.s.certificates) {
    if (!text.empty()) text += " · ";
    const auto left = std::chrono::floor<std::chrono::days>(row.not_after - context.s.now).count();
    text += left >= 0
                ? strings::Count(strings::kCertificateDays, static_cast<uint64_t>(left), row.name)
                : strings::Say(strings::kCertificateExpired, row.name, context.Ago(row.not_after));
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
void ReplayForm(Html& html, const Principal& viewer, Html fields) {
  fields.Put("<input type=\"hidden\" name=\"preview\" value=\"1\"><button>{}</button>",
             strings::kReplayPreview);
  html.Raw(ActionForm(viewer, {"/replays", "fields"}, fields.Take()));
}

void ReplayForms(Html& html, const Principal& viewer, const ReplayQuestion& q) {
  html.Put("<p class=\"soft\">{}</p>\n", strings::kReplayHint);
  Html day;
  day.Put(
      "<label for=\"day\">{}</label><input type=\"date\" id=\"day\" name=\"day\" "
      "value=\"{}\" required>\n",
      strings::kReplayDay, q.day);
  ReplayForm(html, viewer, std::move(day));
  Html numbers;
  Number(numbers, "first", strings::kReplayNumbers, q.first);
  Number(numbers, "last", strings::kReplayThrough, q.last);
  ReplayForm(html, viewer, std::move(numbers));
  Html times;
  times.Put(
      "<label for=\"from\">{}</label><input type=\"datetime-local\" id=\"from\" name=\"from\" "
      "value=\"{}\" required>\n<label for=\"through\">{}</label><input type=\"datetime-local\" "
      "id=\"through\" name=\"through\" value=\"{}\" required>\n",
      strings::kReplayTimes, q.from, strings::kReplayThrough, q.through);
  ReplayForm(html, viewer, std::move(times));
}

// The second step: what was asked, with its count, and the button that sends.
void Preview(Html& html, const Principal& viewer, const ReplayQuestion& q) {
  if (!q.problem.empty()) html.Put("<p class=\"note red-text\" role=\"alert\">{}</p>\n", q.problem);
  if (!q.count) return;
  const std::string events = monitor::EventsText(*q.count);
  if (*q.count == 0) {
    html.Put("<p class=\"answer\" role=\"status\">{}</p>\n", strings::kReplayNone);
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
           strings::Say(strings::kReplayCount, events),
           strings::Say(strings::kReplayStart, events));
  html.Raw(ActionForm(viewer, {"/replays", "answer"}, form.Take()));
}

}  // namespace

std::string RateText(double per_second) {
  if (per_second < 0) return "–";
  if (per_second >= 10) {
    return strings::Say(strings::kPerSecond, Thousands(static_cast<uint64_t>(per_second)));
  }
  const double per_minute = std::round(per_second * 600) / 10;
  return strings::Say(strings::kPerMinute,
                      strings::Fraction(fmt::format("{:.{}f}", per_minute,
                                                    per_minute > 0 && per_minute < 20 ? 1 : 0)));
}

std::string DeliveryFacts(const PageContext& context) {
  const monitor::Snapshot& s = context.s;
  const uplink::UplinkStats& u = s.uplink;
  Html html;
  Fact(html, strings::kConnection, ConnectionText(context));
  Fact(html, strings::kLastError,
       u.last_error.empty() ? std::string(strings::kNoError) : u.last_error);
  Fact(html, strings::kInFlight, strings::Say(strings::kInFlightEvents, Thousands(u.in_flight)));
  Fact(html, strings::kRate,
       s.rates.stored_per_s < 0 ? ""
                                : strings::Say(strings::kRates, RateText(s.rates.stored_per_s),
                                               RateText(s.rates.delivered_per_s)));
  if (s.journal.waiting > 0) {
    Fact(html, strings::kFinished,
         context.v.drain_s
             ? strings::Say(strings::kFinishedIn, AgeText(seconds(*context.v.drain_s)))
             : std::string(strings::kFinishedUnknown));
  }
  if (!s.by_broker()) Fact(html, strings::kLastConfirmed, context.Ago(u.last_confirmed_at));
  Fact(html, strings::kBroker, u.broker);
  Fact(html, strings::kReconnects,
       fmt::format("{} {}", Thousands(u.connects_total), context.Since(s.started_at)));
  Fact(html, strings::kCertificates, CertificatesText(context));
  return html.Take();
}

std::string ReplayProgressFragment(const PageContext& context) {
  Html html;
  if (context.s.uplink.replays.empty()) {
    html.Put("<p class=\"none soft\">{}</p>", strings::kReplayEmpty);
    return html.Take();
  }
  const uplink::ReplayProgress& r =
      context.s.uplink.replays.back();  // the running one, if one runs
  const uint64_t of = std::max<uint64_t>(r.of, 1), looked = std::min(r.looked, of);
  const std::string text =
      r.state == "running" ? strings::Say(strings::kReplayRunning, monitor::EventsText(r.sent),
                                          Thousands(r.looked), Thousands(r.of))
      : r.state == "done"  ? strings::Say(strings::kReplayDone, monitor::EventsText(r.sent))
                           : strings::Say(strings::kReplayInterrupted, monitor::EventsText(r.sent));
  html.Put("<p class=\"none\"><b>{}</b> {}</p>", strings::Say(strings::kReplayOf, r.id), text);
  if (r.state == "running") {
    html.Put("<progress aria-label=\"{}\" max=\"{}\" value=\"{}\"></progress>", strings::kReplay,
             std::to_string(of), std::to_string(looked));
  }
  return html.Take();
}

std::string DeliveryContent(const PageContext& context, const Principal& viewer,
                            std::string_view connection, const ReplayQuestion& question) {
  Html html;
  html.Put("<section><h1>{}</h1>\n<div id=\"bar\">", strings::kDelivery)
      .Raw(BarPiece(context))
      .Raw("</div>\n")
      .Raw(connection)
      .Raw("<dl class=\"facts\" id=\"facts\">")
      .Raw(DeliveryFacts(context))
      .Raw("</dl>\n");
  if (context.s.by_broker()) html.Put("<p class=\"note\">{}</p>\n", strings::kCountsAsDelivered);
  html.Raw(DeliveryButtons(viewer));
  html.Put("<p class=\"note\">{}</p></section>\n",
           viewer.may_operate ? strings::kActionsHint : strings::kMayOnlyLook);
  html.Put("<section><h2 id=\"replay\">{}</h2>\n", strings::kReplay);
  if (viewer.may_operate) {
    Preview(html, viewer, question);
    ReplayForms(html, viewer, question);
  }
  html.Raw("<div id=\"replay-progress\">")
      .Raw(ReplayProgressFragment(context))
      .Raw("</div></section>\n");
  return html.Take();
}

}  // namespace tillrelay::web
