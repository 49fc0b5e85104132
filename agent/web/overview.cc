#include "agent/web/overview.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/web/page_strings.h"
#include "agent/web/word_strings.h"
#include "common/web/html.h"

namespace tillrelay::web {
namespace {

using http::Html;

constexpr uint64_t kBarWidth = 1000;    // units of the bar's view box
constexpr uint64_t kLeastWindow = 100;  // events that the bar shows at least
constexpr size_t kMaxRows = 100;        // registers on the page
constexpr size_t kMaxIssues = 8;        // of more the view of issues tells

std::string Count(int64_t number) { return Thousands(static_cast<uint64_t>(number)); }

// How far `number` reaches in a bar that ends at the head and begins a window before it.
uint64_t Reach(const monitor::Snapshot& s, uint64_t number) {
  const uint64_t head = s.journal.head;
  const uint64_t window = std::min(head, std::max(kLeastWindow, s.journal.waiting * 4));
  if (window == 0) return 0;
  const uint64_t below = head - std::min(head, number);
  return below >= window ? 0 : (window - below) * kBarWidth / window;
}

void Rect(Html& html, uint64_t width, std::string_view fill) {
  html.Put("<rect width=\"{}\" height=\"26\" class=\"fill-{}\"/>", std::to_string(width), fill);
}

void Key(Html& html, std::string_view fill, std::string_view label, uint64_t number) {
  html.Put(
      "<li><svg viewBox=\"0 0 11 11\" aria-hidden=\"true\"><rect width=\"11\" height=\"11\" "
      "rx=\"3\" class=\"fill-{}\"/></svg>{} <b>{}</b></li>",
      fill, label, Thousands(number));
}

// How a register is doing, in a symbol and a word.
struct Doing {
  Level level;
  strings::Text word;
};
Doing DoingOf(const PageContext& context, const reconcile::RegisterRow& row) {
  if (row.heard_at == WallTime()) return {Level::kAmber, strings::kNeverHeard};
  if (row.result == "gaps") return {Level::kRed, strings::kGapState};
  if (row.result == "mismatch") return {Level::kRed, strings::kDiffers};
  if (row.silent) return {Level::kAmber, strings::kSilentState};
  if (row.missing > 0)
    return {Level::kAmber, strings::kGapState};  // may still come: the day is open
  const bool fresh = context.s.now - row.heard_at < std::chrono::minutes(15);
  return {Level::kGreen, fresh ? strings::kSelling : strings::kQuiet};
}

// What only the view of registers has room for.
void MoreCell(Html& html, std::string_view label, std::string_view text) {
  html.Put("<td class=\"num more\" data-k=\"{}\">{}</td>", label, text);
}

void Register(Html& html, const PageContext& context, const reconcile::RegisterRow& row) {
  const Doing doing = DoingOf(context, row);
  html.Put(
      "<tr><th scope=\"row\">{}</th><td><span class=\"{}-text\"><span aria-hidden=\"true\">"
      "{}</span> {}</span></td>",
      row.register_id, LevelWord(doing.level), Symbol(doing.level), doing.word);
  html.Put("<td class=\"num\" data-k=\"{}\">{}</td>", strings::kSales, Count(row.sales));
  html.Put("<td class=\"num\" data-k=\"{}\">{}</td>", strings::kReturns, Count(row.returns));
  MoreCell(html, strings::kOthers, Count(row.others));
  MoreCell(html, strings::kDuplicates, Thousands(row.duplicates));
  MoreCell(html, strings::kConflicts, Thousands(row.conflicts));
  MoreCell(html, strings::kRestarts, Thousands(row.restarts));
  html.Put("<td data-k=\"{}\">{}</td>", strings::kNumbers,
           row.missing == 0 ? std::string(strings::kNumbersWhole)
                            : strings::Say(strings::kNumbersMissing, row.gaps));
  html.Put("<td class=\"more\" data-k=\"{}\">{}</td>", strings::kBusinessDay,
           strings::Dated(row.business_day));
  html.Put("<td class=\"more\" data-k=\"{}\">{}</td>", strings::kDayClosed,
           strings::DayClose(row.result, row.reopened));
  html.Put("<td data-k=\"{}\">{}</td></tr>\n", strings::kLastHeard, context.Ago(row.heard_at));
}

void RegisterHeads(Html& html) {
  const std::pair<std::string_view, strings::Text> heads[] = {
      {"", strings::kRegister},          {"", strings::kState},
      {"num", strings::kSales},          {"num", strings::kReturns},
      {"num more", strings::kOthers},    {"num more", strings::kDuplicates},
      {"num more", strings::kConflicts}, {"num more", strings::kRestarts},
      {"", strings::kNumbers},           {"more", strings::kBusinessDay},
      {"more", strings::kDayClosed},     {"", strings::kLastHeard}};
  html.Raw("<table class=\"cards\"><thead><tr>");
  for (const auto& [look, word] : heads) {
    html.Put("<th scope=\"col\" class=\"{}\">{}</th>", look, word);
  }
  html.Raw("</tr></thead><tbody>\n");
}

void FindForm(Html& html, const Principal& viewer) {
  html.Put("<section class=\"five\"><h2>{}</h2>\n", strings::kDidItArrive);
  if (!viewer.signed_in) {
    html.Put("<p class=\"none\"><a href=\"/login\">{}</a></p></section>\n", strings::kFindSignIn);
    return;
  }
  html.Put(
      "<form class=\"find\" action=\"/events\" role=\"search\"><label for=\"find\">{}</label>"
      "<div class=\"row\"><input type=\"search\" id=\"find\" name=\"q\" autocomplete=\"off\" "
      "aria-describedby=\"find-hint\" required><button class=\"primary\">{}</button></div>"
      "<small id=\"find-hint\">{}</small></form></section>\n",
      strings::kFindLabel, strings::kFind, strings::kFindHint);
}

}  // namespace

std::string VerdictPiece(const PageContext& context) {
  const monitor::Verdict& v = context.v;
  Html html;
  html.Put("<div class=\"verdict {}\">\n", LevelWord(v.level));
  html.Put("<img src=\"/assets/state-{}.svg\" alt=\"{}\" width=\"30\" height=\"30\">",
           LevelWord(v.level),
           strings::Say(strings::kStateIs, strings::WordText(LevelWord(v.level))));
  html.Put("<h1>{}</h1>\n", v.headline);
  if (!v.reason.empty()) html.Put("<p>{}</p>\n", v.reason);
  html.Put("<p class=\"soft\">{}</p>\n", v.safe);
  if (!v.steps.empty()) {
    html.Put("<div class=\"steps\"><b>{}</b><ol>", strings::kWhatToDo);
    for (const std::string& step : v.steps) html.Put("<li>{}</li>", step);
    html.Raw("</ol></div>\n");
  }
  html.Raw("</div>\n");
  return html.Take();
}

std::string BarPiece(const PageContext& context) {
  const monitor::Snapshot& s = context.s;
  const journal::JournalStats& j = s.journal;
  std::string label = fmt::format("{} {}", strings::kAcked, Thousands(s.acked_through()));
  if (!s.by_broker()) {
    label = fmt::format("{} {}, {}", strings::kConfirmed, Thousands(j.confirmed_through), label);
  }
  label += fmt::format(", {} {}", strings::kStored, Thousands(j.head));
  Html html;
  html.Put(
      "<svg class=\"bar\" viewBox=\"0 0 1000 26\" preserveAspectRatio=\"none\" role=\"img\" "
      "aria-label=\"{}\">",
      label);
  Rect(html, j.head > 0 ? kBarWidth : 0, "pending");
  Rect(html, Reach(s, s.acked_through()), "acked");
  if (!s.by_broker()) Rect(html, Reach(s, j.confirmed_through), "confirmed");
  html.Raw("</svg>\n<ul class=\"keys\">");
  if (!s.by_broker()) Key(html, "confirmed", strings::kConfirmed, j.confirmed_through);
  Key(html, "acked", strings::kAcked, s.acked_through());
  Key(html, "pending", strings::kStored, j.head);
  html.Raw("</ul>\n");
  return html.Take();
}

std::string NeedsPiece(const PageContext& context) {
  Html html;
  if (context.v.issues.empty()) {
    html.Put("<p class=\"none soft\">{}</p>",
             context.v.level == Level::kGreen ? strings::kNobody : strings::kNothingElse);
    return html.Take();
  }
  html.Raw("<ul class=\"issues\">");
  const auto& issues = context.v.issues;
  for (size_t i = 0; i < issues.size() && i < kMaxIssues; ++i) {
    const monitor::Issue& issue = issues[i];
    const bool known = issue.state == monitor::IssueState::kAcknowledged;
    html.Put("<li><span class=\"{}-text\" aria-hidden=\"true\">{}</span><strong>",
             LevelWord(issue.level), Symbol(issue.level));
    if (issue.view.empty()) {
      html.Put("{}", issue.title);
    } else {
      html.Put("<a href=\"{}\">{}</a>", issue.view, issue.title);
    }
    html.Put("</strong><small>{}{}</small></li>\n",
             known ? fmt::format("{} · ", strings::kKnownIssue) : std::string(), issue.detail);
  }
  html.Raw("</ul>");
  if (issues.size() > kMaxIssues) {
    html.Put("<p class=\"row\"><a href=\"/issues\">{}</a></p>",
             strings::Say(strings::kMoreIssues, issues.size() - kMaxIssues));
  }
  return html.Take();
}

std::string RegistersPiece(const PageContext& context) {
  const auto& rows = context.s.registers;
  Html html;
  if (rows.empty()) {
    html.Put("<p class=\"none soft\">{}</p>",
             strings::Say(strings::kNoRegisters, context.s.intake_address));
    return html.Take();
  }
  RegisterHeads(html);
  for (size_t i = 0; i < rows.size() && i < kMaxRows; ++i) Register(html, context, rows[i]);
  html.Raw("</tbody></table>");
  if (rows.size() > kMaxRows) {
    html.Put("<p class=\"note\">{} <a href=\"/v1/registers\">JSON</a></p>",
             strings::Say(strings::kMoreRegisters, kMaxRows, Thousands(rows.size())));
  }
  return html.Take();
}

std::string DeliveryButtons(const Principal& viewer) {
  if (!viewer.may_operate) return "";
  const struct {
    std::string_view action, context;
    strings::Text word;
  } buttons[] = {{"retry", "primary", strings::kRetryNow},
                 {"pause", "", strings::kPause},
                 {"resume", "primary", strings::kResume}};
  Html html;
  html.Raw("<div class=\"actions\">");
  for (const auto& button : buttons) {
    Html field;
    field.Put("<button class=\"{}\">{}</button>", button.context, button.word);
    html.Raw(ActionForm(
        viewer, {fmt::format("/delivery/{}", button.action), fmt::format("act-{}", button.action)},
        field.Take()));
  }
  html.Raw("</div>\n");
  return html.Take();
}

std::string OverviewContent(const PageContext& context, const Principal& viewer, const Past& past) {
  Html html;
  html.Raw("<div class=\"whole verdict-frame\"><div id=\"verdict\" role=\"status\">")
      .Raw(VerdictPiece(context))
      .Raw("</div>\n")
      .Raw(DeliveryButtons(viewer))
      .Raw("</div>\n");
  html.Raw(TilesHtml(context, past));
  html.Put("<section class=\"seven\"><h2>{}</h2>\n<div id=\"bar\">", strings::kDelivery)
      .Raw(BarPiece(context))
      .Raw("</div>\n")
      .Raw(past.connection)
      .Raw("</section>\n");
  FindForm(html, viewer);
  html.Put("<section class=\"seven\"><h2>{}</h2>\n<div id=\"registers\">", strings::kRegisters)
      .Raw(RegistersPiece(context))
      .Raw("</div></section>\n");
  html.Put("<section class=\"five\"><h2>{}</h2>\n<div id=\"needs\">", strings::kNeedsPerson)
      .Raw(NeedsPiece(context))
      .Raw("</div></section>\n");
  return html.Take();
}

}  // namespace tillrelay::web
