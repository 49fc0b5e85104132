#include "agent/web/frame.h"

#include <fmt/format.h>

#include "agent/web/page_strings.h"
#include "common/web/html.h"

namespace tillrelay::web {
namespace {

using http::Html;

struct Entry {
  std::string_view path;
  strings::Text word;
};

constexpr Entry kViews[] = {
    {"/", strings::kOverview},           {"/issues", strings::kIssues},
    {"/delivery", strings::kDelivery},   {"/charts", strings::kCharts},
    {"/registers", strings::kRegisters}, {"/quarantine", strings::kQuarantine},
    {"/events", strings::kEvents},       {"/days", strings::kDays},
    {"/system", strings::kSystem},       {"/audit", strings::kAudit},
};

void HeadStart(Html& html) {
  html.Put("<!doctype html>\n<html lang=\"{}\">\n", strings::Spoken().code);
  html.Raw(
      "<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
}

void Head(Html& html, const PageContext& context, const FrameParts& parts) {
  HeadStart(html);
  const bool is_overview = parts.view == "/";
  html.Put("<title>{}{} · {}</title>\n", context.Title(),
           is_overview ? std::string() : fmt::format(" · {}", std::string_view(parts.title)),
           strings::kTitle);
  html.Put("<link rel=\"icon\" id=\"icon\" type=\"image/svg+xml\" href=\"/assets/state-{}.svg\">\n",
           LevelWord(context.v.level));
  html.Raw(
      "<link rel=\"stylesheet\" href=\"/assets/style.css\">\n"
      "<script type=\"module\" src=\"/assets/live.js\"></script>\n");
  if (parts.renews) {
    html.Raw("<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>\n");
  }
  html.Raw("</head>\n");
}

void Navigation(Html& html, const PageContext& context, const Principal& viewer,
                const FrameParts& parts) {
  html.Put("<nav aria-label=\"{}\"><ul>\n", strings::kViews);
  for (const Entry& entry : kViews) {
    if (!viewer.signed_in && entry.path != "/") break;
    html.Put("<li><a href=\"{}\"", entry.path);
    if (entry.path == parts.view) html.Raw(" aria-current=\"page\"");
    html.Put(">{}", entry.word);
    if (entry.path == "/quarantine") {
      html.Raw("<span id=\"quarantine-count\">").Raw(QuarantineMark(context)).Raw("</span>");
    }
    html.Raw("</a></li>\n");
  }
  html.Raw("</ul></nav>\n");
}

void Person(Html& html, const Principal& viewer) {
  html.Raw("<div class=\"person\">");
  if (!viewer.signed_in) {
    html.Put("<a href=\"/login\">{}</a>", strings::kSignIn);
  } else {
    // "link:uid:0" is for the audit.
    html.Put("<span class=\"soft\">{}</span>",
             viewer.who.starts_with("link:") ? std::string_view(strings::kByLink) : viewer.who);
    if (!viewer.csrf.empty()) {
      html.Raw("<form method=\"post\" action=\"/logout\">").Raw(CsrfField(viewer));
      html.Put("<button class=\"plain\">{}</button></form>", strings::kSignOut);
    }
  }
  html.Raw("</div>\n");
}

// One press for another language; the names are each in its own.
void Languages(Html& html, std::string_view target) {
  html.Put(
      "<footer class=\"languages\"><form method=\"post\" action=\"/language\"><input "
      "type=\"hidden\" name=\"next\" value=\"{}\"><span class=\"soft\">{}:</span>",
      target, strings::kLanguage);
  for (const strings::Language* language : strings::Languages()) {
    if (language == &strings::Spoken()) {
      html.Put("<b>{}</b>", language->name);
      continue;
    }
    html.Put("<button class=\"plain\" lang=\"{}\" name=\"language\" value=\"{}\">{}</button>",
             language->code, language->code, language->name);
  }
  html.Raw("</form></footer>\n");
}

}  // namespace

std::string CsrfField(const Principal& viewer) {
  Html html;
  if (!viewer.csrf.empty()) {
    html.Put("<input type=\"hidden\" name=\"csrf\" value=\"{}\">",
             viewer.csrf_in_pages ? viewer.csrf : "");
  }
  return html.Take();
}

std::string ActionForm(const Principal& viewer, const ActionParts& parts, std::string_view fields) {
  if (!viewer.may_operate) return "";
  Html html;
  html.Put("<form method=\"post\" action=\"{}\"", parts.path);
  if (!parts.context.empty()) html.Put(" class=\"{}\"", parts.context);
  if (!parts.id.empty()) html.Put(" id=\"{}\"", parts.id);
  html.Raw(">").Raw(CsrfField(viewer)).Raw(fields).Raw("</form>\n");
  return html.Take();
}

std::string StateLine(const PageContext& context) {
  Html html;
  html.Put("<a class=\"{}\" href=\"/\"><span aria-hidden=\"true\">{}</span> {}</a>",
           LevelWord(context.v.level), Symbol(context.v.level), context.v.headline);
  return html.Take();
}

std::string QuarantineMark(const PageContext& context) {
  const uint64_t count = context.s.journal.quarantined;
  Html html;
  if (count > 0) {
    html.Put("<span class=\"count\"><span class=\"unseen\">{}</span>{}</span>", strings::kDocuments,
             Thousands(count));
  }
  return html.Take();
}

std::string FrameHtml(const PageContext& context, const Principal& viewer, const FrameParts& parts,
                      std::string_view content) {
  Html html;
  Head(html, context, parts);
  html.Put("<body data-phase=\"{}\">\n<a class=\"skip\" href=\"#content\">{}</a>\n",
           context.v.state, strings::kSkip);
  html.Put("<header>\n<strong>{}</strong><span class=\"store\">{}</span>\n", strings::kTitle,
           context.Store());
  Navigation(html, context, viewer, parts);
  html.Put(
      "<p class=\"live soft\"><span class=\"dot\" aria-hidden=\"true\"></span>"
      "<span id=\"asof\">{}</span></p>\n",
      strings::Say(strings::kAsOf, context.faces.time(context.s.now)));
  Person(html, viewer);
  html.Raw("</header>\n");
  html.Put("<p id=\"stale\" class=\"stale\" role=\"alert\" hidden>{}</p>\n", strings::kStale);
  if (parts.view != "/") {
    html.Put("<aside class=\"state-line\" aria-label=\"{}\"><p id=\"state\">", strings::kState);
    html.Raw(StateLine(context)).Raw("</p></aside>\n");
  }
  html.Raw("<main id=\"content\">\n").Raw(content).Raw("</main>\n");
  Languages(html, parts.target.empty() ? parts.view : parts.target);
  html.Raw("</body>\n</html>\n");
  return html.Take();
}

std::string PlainFrameHtml(strings::Text title, std::string_view target, std::string_view content) {
  Html html;
  HeadStart(html);
  html.Put("<title>{} · {}</title>\n", title, strings::kTitle);
  html.Raw("<link rel=\"stylesheet\" href=\"/assets/style.css\">\n</head>\n<body>\n");
  html.Put(
      "<header>\n<strong>{}</strong>\n<nav aria-label=\"{}\"><ul><li><a href=\"/\">{}</a></li>"
      "</ul></nav>\n</header>\n",
      strings::kTitle, strings::kViews, strings::kOverview);
  html.Raw("<main id=\"content\">\n").Raw(content).Raw("</main>\n");
  Languages(html, target);
  html.Raw("</body>\n</html>\n");
  return html.Take();
}

}  // namespace tillrelay::web
