#include "agent/web/pages/issues_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/web/view_strings.h"
#include "common/language/retell.h"
#include "common/web/html.h"

namespace tillrelay::web {
namespace {

using http::Html;

constexpr std::string_view kOpen = "open", kHealed = "healed";

std::string_view ClassOf(const admin::IssueRow& row) {
  if (row.state == kHealed) return "soft";
  return row.level == LevelWord(Level::kRed) && row.state == kOpen ? "red-text" : "amber-text";
}

std::string_view SymbolOf(const admin::IssueRow& row) {
  if (row.state == kHealed) return "○";
  return Symbol(row.level == LevelWord(Level::kRed) ? Level::kRed : Level::kAmber);
}

strings::Text StateLabel(const admin::IssueRow& row) {
  if (row.state == kOpen) return strings::kIssueIsOpen;
  return row.state == kHealed ? strings::kIssueIsHealed : strings::kIssueIsKnown;
}

std::string SinceText(const PageContext& context, const admin::IssueRow& row) {
  std::string text = strings::Say(strings::kSince, context.Stamp(row.since));
  if (row.count > 1) text += strings::Say(strings::kIssueTimes, row.count);
  if (row.state == kHealed) {
    text += strings::Say(strings::kIssueUntil, context.Stamp(row.healed_at));
  }
  return text;
}

// In the reader's language: as the verdict has it, else from the stored English.
admin::IssueRow InWords(const PageContext& context, admin::IssueRow row) {
  const auto& issues = context.v.issues;
  const auto same = std::find_if(issues.begin(), issues.end(),
                                 [&row](const monitor::Issue& one) { return one.id() == row.id; });
  const bool shown = same != issues.end();
  row.title = shown ? same->title : strings::Retold(row.title);
  row.detail = shown ? same->detail : strings::Retold(row.detail);
  row.step = shown ? same->step : strings::Retold(row.step);
  return row;
}

void AcknowledgeForm(Html& html, const Principal& viewer, const admin::IssueRow& row,
                     size_t index) {
  Html fields;
  fields.Put(
      "<input type=\"hidden\" name=\"issue\" value=\"{}\"><label for=\"note-{}\">{}</label>"
      "<div class=\"row\"><input type=\"text\" id=\"note-{}\" name=\"note\" required "
      "maxlength=\"500\"><button>{}</button></div>",
      row.id, std::to_string(index), strings::kIssueNote, std::to_string(index),
      strings::kAcknowledge);
  html.Raw(ActionForm(viewer, {"/issues/acknowledge", ""}, fields.Take()));
}

void One(Html& html, const PageContext& context, const Principal& viewer,
         const admin::IssueRow& row, size_t index) {
  html.Put("<li><span class=\"{}\" aria-hidden=\"true\">{}</span><strong>", ClassOf(row),
           SymbolOf(row));
  if (row.view.empty()) {
    html.Put("{}", row.title);
  } else {
    html.Put("<a href=\"{}\">{}</a>", row.view, row.title);
  }
  html.Put("</strong><small>{} · {}</small>", StateLabel(row), SinceText(context, row));
  if (!row.detail.empty()) html.Put("<small>{}</small>", row.detail);
  if (row.state == kOpen && !row.step.empty()) html.Put("<p class=\"step\">{}</p>", row.step);
  if (!row.by.empty()) {
    html.Put("<small>{}</small>", strings::Say(strings::kIssueKnownBy, row.by,
                                               context.Stamp(row.acknowledged_at), row.note));
  }
  if (row.state == kOpen) AcknowledgeForm(html, viewer, row, index);
  html.Raw("</li>\n");
}

}  // namespace

std::string IssuesContent(const PageContext& context, const Principal& viewer,
                          const std::vector<admin::IssueRow>& rows, const std::string& problem) {
  Html html;
  html.Put("<section><h1>{}</h1>\n<p class=\"soft\">{}</p>\n", strings::kIssues,
           strings::kIssuesHint);
  if (!problem.empty()) html.Put("<p class=\"note red-text\" role=\"alert\">■ {}</p>\n", problem);
  if (rows.empty()) html.Put("<p class=\"none\">{}</p>\n", strings::kIssuesNone);
  html.Raw("<ul class=\"issues worklist\">");
  for (size_t i = 0; i < rows.size(); ++i) {
    One(html, context, viewer, InWords(context, rows[i]), i);
  }
  html.Raw("</ul></section>\n");
  return html.Take();
}

}  // namespace tillrelay::web
