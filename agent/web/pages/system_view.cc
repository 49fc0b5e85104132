#include "agent/web/pages/system_view.h"

#include <fmt/format.h>

#include "agent/web/view_strings.h"
#include "agent/web/word_strings.h"
#include "common/web/html.h"

namespace tillrelay::web {
namespace {

using http::Html;

void Fact(Html& html, std::string_view name, std::string_view value) {
  if (!value.empty()) html.Put("<dt>{}</dt><dd>{}</dd>\n", name, value);
}

void Facts(Html& html, const PageContext& context, const admin::SystemFacts& system) {
  const monitor::Snapshot& s = context.s;
  const capture::CaptureStats& c = s.capture;
  html.Put("<section class=\"six\"><h1>{}</h1>\n<dl class=\"facts\">", strings::kSystem);
  Fact(html, strings::kVersion, s.version);
  Fact(html, strings::kHost, s.host);
  Fact(html, strings::kRunningSince, context.Stamp(s.started_at));
  Fact(html, strings::kIntake, s.intake_address);
  Fact(html, strings::kStream, s.journal.stream);
  Fact(html, strings::kJournal, BytesText(s.journal.journal_bytes));
  Fact(html, strings::kFree, BytesText(s.journal.disk_free_bytes));
  if (s.journal.oldest_kept_at != WallTime{}) {
    const std::string oldest = context.Stamp(s.journal.oldest_kept_at);
    Fact(html, strings::kOldestKept,
         s.journal.retention_cut_short ? strings::Say(strings::kCutShort, oldest) : oldest);
  }
  Fact(html, strings::kFiles,
       strings::Say(strings::kFilesText, Thousands(c.files_done), Thousands(c.files_rejected),
                    Thousands(c.files_waiting)));
  Fact(html, strings::kDuplicates, Thousands(c.http.duplicate() + c.file.duplicate()));
  Fact(html, strings::kMasked, Thousands(c.redactions));
  for (const auto& [name, value] : system.facts) {
    if (name == "certificate_fingerprint") Fact(html, strings::kFingerprint, value);
    if (name == "now") Fact(html, strings::kServerTime, value);
  }
  html.Put(
      "</dl>\n<p class=\"row\"><a class=\"button\" href=\"/v1/support-bundle\" download>{}</a>"
      "</p><p class=\"note\">{}</p>",
      strings::kBundle, strings::kBundleHint);
  html.Put(
      "<p class=\"note\">{}: <a href=\"/v1/status\">JSON</a> · <a href=\"/metrics\">Prometheus"
      "</a> · <a href=\"/api/openapi.json\">OpenAPI</a></p></section>\n",
      strings::kMachine);
}

void Threads(Html& html, const std::vector<admin::ThreadRow>& threads) {
  if (threads.empty()) return;
  html.Put(
      "<section class=\"six\"><h2>{}</h2>\n<table><thead><tr><th scope=\"col\">{}</th>"
      "<th scope=\"col\">{}</th><th scope=\"col\">{}</th></tr></thead><tbody>\n",
      strings::kThreads, strings::kThread, strings::kThreadMoved, strings::kThreadBudget);
  for (const admin::ThreadRow& row : threads) {
    const bool stuck = row.silent_ms > row.budget_ms;
    html.Put(
        "<tr><th scope=\"row\">{}</th><td class=\"{}-text\">{}</td><td>{} s</td></tr>\n", row.name,
        stuck ? "red" : "plain",
        strings::Say(strings::kAgo, strings::Fraction(fmt::format(
                                        "{:.1f} s", static_cast<double>(row.silent_ms) / 1000))),
        std::to_string(row.budget_ms / 1000));
  }
  html.Raw("</tbody></table></section>\n");
}

void Settings(Html& html, const std::vector<admin::SettingRow>& settings) {
  if (settings.empty()) return;
  html.Put(
      "<section><h2>{}</h2>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
      "aria-label=\"{}\"><table><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th>"
      "<th scope=\"col\">{}</th></tr></thead><tbody>\n",
      strings::kSettings, strings::kSettings, strings::kSetting, strings::kValue, strings::kSetIn);
  for (const admin::SettingRow& row : settings) {
    html.Put("<tr><th scope=\"row\"><code>{}</code></th><td><code>{}</code></td><td>{}</td></tr>\n",
             row.key, row.value, row.file.empty() ? std::string(strings::kDefault) : row.file);
  }
  html.Raw("</tbody></table></div></section>\n");
}

void Log(Html& html, const PageContext& context, const SystemParts& parts) {
  html.Put(
      "<section><h2 id=\"log\">{}</h2>\n<form class=\"fields\" action=\"/system#log\"><label "
      "for=\"level\">{}</label><select id=\"level\" name=\"level\">",
      strings::kLog, strings::kLogLevel);
  for (const std::string_view level : {"info", "warning", "error"}) {
    html.Put("<option value=\"{}\"{}>{}</option>", level,
             level == parts.log_level ? " selected" : "", strings::WordText(level));
  }
  html.Put("</select><button>{}</button></form>\n", strings::kShow);
  if (parts.log.empty()) {
    html.Put("<p class=\"none soft\">{}</p></section>\n", strings::kLogEmpty);
    return;
  }
  html.Put(
      "<p class=\"note\">{}</p><div class=\"scroll log\" tabindex=\"0\" role=\"region\" "
      "aria-label=\"{}\"><ol>",
      strings::Count(strings::kLogHint, parts.log.size()), strings::kLog);
  for (const admin::LogLine& line : parts.log) {
    const bool bad = line.level == "error", warn = line.level == "warning";
    html.Put("<li><span class=\"soft\">{}</span> <b class=\"{}-text\">{}</b> {}</li>\n",
             context.Stamp(line.at),
             bad    ? "red"
             : warn ? "amber"
                    : "plain",
             strings::WordText(line.level), line.text);
  }
  html.Raw("</ol></div></section>\n");
}

}  // namespace

std::string SystemContent(const PageContext& context, const SystemParts& parts) {
  Html html;
  Facts(html, context, parts.system);
  Threads(html, parts.system.threads);
  Log(html, context, parts);
  Settings(html, parts.system.settings);
  return html.Take();
}

}  // namespace tillrelay::web
