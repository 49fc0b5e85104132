// What needs a person: shown, and acknowledged with a note.
#include <fmt/format.h>

#include "agent/cli/ask_daemon.h"
#include "agent/cli/cli_strings.h"
#include "agent/cli/list_commands.h"
#include "agent/cli/store_time.h"
#include "agent/cli/terminal.h"
#include "agent/config/config.h"
#include "common/base/json_writer.h"
#include "common/base/text.h"
#include "common/language/retell.h"

namespace tillrelay::cli {
namespace {

constexpr size_t kTextShown = 700;

void Line(std::string_view text) {
  if (!text.empty()) fmt::print("  {}\n", Printable(text, kTextShown));
}

std::string StateText(std::string_view state) {
  return state == "healed" ? std::string(strings::kCliHealed) : strings::Retold(state);
}

void PrintOne(JsonValue issue, const std::string& time_zone) {
  uint64_t count = 1;
  issue.Unsigned("count", &count);
  const std::string level(issue.String("level"));
  const auto shown = [&issue](const char* name) {
    return strings::Retold(Printable(issue.String(name), kTextShown));
  };
  fmt::print("{}{}{}: {}\n", Colour(level), StateText(issue.String("state")), NoColour(),
             shown("title"));
  Line(shown("detail"));
  const std::string since = StoreTimeText(issue.String("since"), time_zone);
  Line(count < 2 ? strings::Say(strings::kCliSince, since)
                 : strings::Say(strings::kCliCame, since, count));
  if (issue.String("state") == "open") Line(shown("step"));
  if (const auto by = issue.String("acknowledged_by"); !by.empty()) {
    const std::string at = StoreTimeText(issue.String("acknowledged_at"), time_zone);
    Line(strings::Say(strings::kCliAcknowledged, at, by, issue.String("note")));
  }
  fmt::print("  {} {}\n\n", strings::kCliIssueName, Printable(issue.String("issue"), kTextShown));
}

void Print(JsonValue answer, const std::string& time_zone) {
  const strings::Speaking speaking(TerminalLanguage());
  size_t open = 0, known = 0;
  for (const JsonValue issue : answer.Find("issues")) {
    PrintOne(issue, time_zone);
    open += issue.String("state") == "open" ? 1 : 0;
    known += issue.String("state") == "acknowledged" ? 1 : 0;
  }
  fmt::print("{}\n", strings::Say(strings::kCliIssueCounts, open, known));
}

}  // namespace

int RunIssues(const Common& common, const IssuesOptions& options) {
  std::string body;
  const std::string target = options.all ? "/v1/issues?state=all" : "/v1/issues";
  const int code = AskDaemon(common, {"GET", target, {}, ""}, &body);
  if (code != kOk) return code;
  // Where the configuration cannot be read now, the daemon still has the one before: UTC, and said.
  const auto config = config::Load(common.config);
  const std::string time_zone = config.ok() ? config->time_zone : "UTC";
  return PrintAnswer(common, std::move(body),
                     [&time_zone](JsonValue answer) { Print(answer, time_zone); });
}

int RunAcknowledge(const Common& common, const IssuesOptions& options) {
  std::string json, body;
  JsonWriter writer(&json);
  writer.BeginObject().Field("issue", options.issue).Field("note", options.note).EndObject();
  const int code = AskDaemon(common, PostOf("/v1/issues/acknowledge", json), &body);
  if (code != kOk) return code;
  fmt::print("{}\n", common.json ? body : "acknowledged; it opens again when it becomes worse");
  return kOk;
}

}  // namespace tillrelay::cli
