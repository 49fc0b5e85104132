// What needs a person: shown, and acknowledged with a note.
#include <fmt/format.h>

#include "agent/cli/ask_daemon.h"
#include "agent/cli/list_commands.h"
#include "agent/cli/terminal.h"
#include "common/base/json_writer.h"
#include "common/base/text.h"

namespace tillrelay::cli {
namespace {

constexpr size_t kTextShown = 700;

void Line(std::string_view text) {
  if (!text.empty()) fmt::print("  {}\n", Printable(text, kTextShown));
}

void PrintOne(JsonValue issue) {
  uint64_t count = 1;
  issue.Unsigned("count", &count);
  const std::string level(issue.String("level"));
  fmt::print("{}{}{}: {}\n", Colour(level), issue.String("state"), NoColour(),
             Printable(issue.String("title"), kTextShown));
  Line(issue.String("detail"));
  Line(fmt::format("since {}{}", issue.String("since"),
                   count < 2 ? "" : fmt::format(", came {} times", count)));
  if (issue.String("state") == "open") Line(issue.String("step"));
  if (const auto by = issue.String("acknowledged_by"); !by.empty()) {
    Line(fmt::format("acknowledged {} by {}: {}", issue.String("acknowledged_at"), by,
                     issue.String("note")));
  }
  fmt::print("  name {}\n\n", Printable(issue.String("issue"), kTextShown));
}

void Print(JsonValue answer) {
  size_t open = 0, known = 0;
  for (const JsonValue issue : answer.Find("issues")) {
    PrintOne(issue);
    open += issue.String("state") == "open" ? 1 : 0;
    known += issue.String("state") == "acknowledged" ? 1 : 0;
  }
  fmt::print("{} open, {} acknowledged\n", open, known);
}

}  // namespace

int RunIssues(const Common& common, const IssuesOptions& options) {
  std::string body;
  const std::string target = options.all ? "/v1/issues?state=all" : "/v1/issues";
  const int code = AskDaemon(common, {"GET", target, {}, ""}, &body);
  return code == kOk ? PrintAnswer(common, std::move(body), Print) : code;
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
