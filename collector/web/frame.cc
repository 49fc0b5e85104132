#include "collector/web/frame.h"

#include "common/event/time_text.h"

namespace tillrelay::collector {
namespace {

constexpr std::pair<std::string_view, std::string_view> kPages[] = {
    {"/", "Stores"}, {"/exceptions", "Exceptions"}, {"/days", "Days"}, {"/sinks", "Sinks"}};

}  // namespace

std::string ClockText(WallTime time) { return ClockText(event::UtcText(time)); }

std::string ClockText(std::string_view utc) {
  if (utc.size() < 19) return std::string(utc);
  std::string text(utc.substr(0, 19));
  text[10] = ' ';
  return text + " UTC";
}

void BeginPage(const PageFrame& frame, http::Html* html) {
  html->Raw(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
  if (frame.renews) html->Raw("<script type=\"module\" src=\"/renew.js\"></script>\n");
  if (!frame.script.empty()) {
    html->Put("<script type=\"module\" src=\"{}\"></script>\n", frame.script);
  }
  html->Put("<title>{} {} · Tillrelay centre</title>\n", Symbol(frame.level), frame.sentence);
  html->Raw(
      "<link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n<body>\n"
      "<header><strong>Tillrelay</strong><span class=\"store\">Centre</span><nav><ul>");
  for (const auto& [path, name] : kPages) {
    html->Put(path == frame.path ? "<li><a href=\"{}\" aria-current=\"page\">{}</a></li>"
                                 : "<li><a href=\"{}\">{}</a></li>",
              path, name);
  }
  html->Put(
      "</ul></nav><p class=\"live soft\">as of <span id=\"asof\">{}</span></p></header>\n"
      "<p id=\"stale\" class=\"stale\" role=\"alert\" hidden>The collector does not answer. What "
      "this page shows may be old.</p>\n<main>\n",
      ClockText(frame.now));
}

void EndPage(const PageFrame& frame, http::Html* html) {
  html->Put(
      "</main>\n<footer class=\"note\"><span id=\"renews\" hidden>Renews itself every 15 s · "
      "</span><a href=\"{}\">JSON</a> · <a href=\"/metrics\">metrics</a> · tillrelay-collector "
      "{}</footer>\n",
      frame.json, std::string_view(TILLRELAY_VERSION));
  html->Raw("</body>\n</html>\n");
}

}  // namespace tillrelay::collector
