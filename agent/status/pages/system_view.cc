#include "agent/status/pages/system_view.h"

#include <fmt/format.h>

#include "agent/status/view_words.h"
#include "common/http/html.h"

namespace tillrelay::status {
namespace {

using http::Html;

void Fact(Html& html, std::string_view name, std::string_view value) {
  if (!value.empty()) html.Put("<dt>{}</dt><dd>{}</dd>\n", name, value);
}

void Facts(Html& html, const Look& look, const SystemFacts& system) {
  const Snapshot& s = look.s;
  const capture::CaptureStats& c = s.capture;
  html.Put("<section class=\"six\"><h1>{}</h1>\n<dl class=\"facts\">", words::kSystem);
  Fact(html, words::kVersion, s.version);
  Fact(html, words::kHost, s.host);
  Fact(html, words::kRunningSince, look.faces.stamp(s.started_at));
  Fact(html, words::kIntake, s.intake_address);
  Fact(html, words::kStream, s.journal.stream);
  Fact(html, words::kJournal, BytesText(s.journal.journal_bytes));
  Fact(html, words::kFree, BytesText(s.journal.disk_free_bytes));
  if (s.journal.oldest_kept_at != WallTime{}) {
    const std::string oldest = look.faces.stamp(s.journal.oldest_kept_at);
    Fact(html, words::kOldestKept,
         s.journal.retention_cut_short ? fmt::format(words::kCutShort, oldest) : oldest);
  }
  Fact(html, words::kFiles,
       fmt::format(words::kFilesText, Thousands(c.files_done), Thousands(c.files_rejected),
                   Thousands(c.files_waiting)));
  Fact(html, words::kDuplicates, Thousands(c.http.duplicate() + c.file.duplicate()));
  Fact(html, words::kMasked, Thousands(c.redactions));
  for (const auto& [name, value] : system.facts) {
    if (name == "certificate_fingerprint") Fact(html, words::kFingerprint, value);
    if (name == "now") Fact(html, words::kServerTime, value);
  }
  html.Put(
      "</dl>\n<p class=\"row\"><a class=\"button\" href=\"/v1/support-bundle\" download>{}</a>"
      "</p><p class=\"note\">{}</p>",
      words::kBundle, words::kBundleHint);
  html.Put(
      "<p class=\"note\">{}: <a href=\"/v1/status\">JSON</a> · <a href=\"/metrics\">Prometheus"
      "</a> · <a href=\"/api/openapi.json\">OpenAPI</a></p></section>\n",
      words::kMachine);
}

void Threads(Html& html, const std::vector<ThreadRow>& threads) {
  if (threads.empty()) return;
  html.Put(
      "<section class=\"six\"><h2>{}</h2>\n<table><thead><tr><th scope=\"col\">{}</th>"
      "<th scope=\"col\">{}</th><th scope=\"col\">{}</th></tr></thead><tbody>\n",
      words::kThreads, words::kThread, words::kThreadMoved, words::kThreadBudget);
  for (const ThreadRow& row : threads) {
    const bool stuck = row.silent_ms > row.budget_ms;
    html.Put("<tr><th scope=\"row\">{}</th><td class=\"{}-text\">{}</td><td>{} s</td></tr>\n",
             row.name, stuck ? "red" : "plain",
             fmt::format(words::kAgo,
                         fmt::format("{:.1f} s", static_cast<double>(row.silent_ms) / 1000)),
             std::to_string(row.budget_ms / 1000));
  }
  html.Raw("</tbody></table></section>\n");
}

void Settings(Html& html, const std::vector<SettingRow>& settings) {
  if (settings.empty()) return;
  html.Put(
      "<section><h2>{}</h2>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
      "aria-label=\"{}\"><table><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th>"
      "<th scope=\"col\">{}</th></tr></thead><tbody>\n",
      words::kSettings, words::kSettings, words::kSetting, words::kValue, words::kSetIn);
  for (const SettingRow& row : settings) {
    html.Put("<tr><th scope=\"row\"><code>{}</code></th><td><code>{}</code></td><td>{}</td></tr>\n",
             row.key, row.value, row.file.empty() ? std::string(words::kDefault) : row.file);
  }
  html.Raw("</tbody></table></div></section>\n");
}

void Log(Html& html, const Look& look, const SystemParts& parts) {
  html.Put(
      "<section><h2 id=\"log\">{}</h2>\n<form class=\"fields\" action=\"/system#log\"><label "
      "for=\"level\">{}</label><select id=\"level\" name=\"level\">",
      words::kLog, words::kLogLevel);
  for (const std::string_view level : {"debug", "info", "warning", "error"}) {
    html.Put("<option{}>{}</option>", level == parts.log_level ? " selected" : "", level);
  }
  html.Put("</select><button>{}</button></form>\n", words::kShow);
  if (parts.log.empty()) {
    html.Put("<p class=\"none soft\">{}</p></section>\n", words::kLogEmpty);
    return;
  }
  html.Put(
      "<p class=\"note\">{}</p><div class=\"scroll log\" tabindex=\"0\" role=\"region\" "
      "aria-label=\"{}\"><ol>",
      fmt::format(words::kLogHint, parts.log.size()), words::kLog);
  for (const LogLine& line : parts.log) {
    const bool bad = line.level == "error", warn = line.level == "warning";
    html.Put("<li><span class=\"soft\">{}</span> <b class=\"{}-text\">{}</b> {}</li>\n",
             look.faces.stamp(line.at),
             bad    ? "red"
             : warn ? "amber"
                    : "plain",
             line.level, line.text);
  }
  html.Raw("</ol></div></section>\n");
}

}  // namespace

std::string SystemContent(const Look& look, const SystemParts& parts) {
  Html html;
  Facts(html, look, parts.system);
  Threads(html, parts.system.threads);
  Log(html, look, parts);
  Settings(html, parts.system.settings);
  return html.Take();
}

}  // namespace tillrelay::status
