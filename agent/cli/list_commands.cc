// Days, audit and log of the running daemon.
#include <fmt/format.h>

#include "agent/cli/ask_daemon.h"
#include "agent/cli/list_commands.h"
#include "common/base/text.h"

namespace tillrelay::cli {
namespace {

constexpr size_t kTextShown = 2'000;

std::string Cell(JsonValue row, const char* name) {
  const JsonValue value = row.Find(name);
  return value ? Printable(value.text(), kTextShown) : std::string();
}

void PrintDays(JsonValue answer) {
  constexpr const char* kLine = "{:<10}  {:<8}  {:<9}  {:>7}  {:>12}  {:>12}  {}\n";
  fmt::print(fmt::runtime(kLine), "day", "register", "close", "events", "net", "reported",
             "missing");
  for (const JsonValue day : answer.Find("days")) {
    fmt::print(fmt::runtime(kLine), Cell(day, "business_day"), Cell(day, "register_id"),
               Cell(day, "day_close"), Cell(day, "events"), Cell(day, "net_amount"),
               Cell(day, "reported_net_amount"), Cell(day, "gaps"));
  }
  if (answer.Find("days").size() == 0) fmt::print(stderr, "No day in this time.\n");
}

void PrintAudit(JsonValue answer) {
  for (const JsonValue act : answer.Find("audit")) {
    fmt::print("{:>6}  {}  {}  {}  {}  {}{}{}\n", Cell(act, "number"), Cell(act, "at"),
               Cell(act, "actor"), Cell(act, "action"), Cell(act, "subject"), Cell(act, "outcome"),
               act.String("reason").empty() ? "" : "  ", Cell(act, "reason"));
  }
}

void PrintLog(JsonValue answer) {
  for (const JsonValue line : answer.Find("lines")) {
    fmt::print("{} {:<7} {}\n", Cell(line, "at"), Cell(line, "level"), Cell(line, "text"));
  }
}

int Show(const Common& common, const std::string& target, void (*print)(JsonValue)) {
  std::string body;
  const int code = AskDaemon(common, {"GET", target, {}, ""}, &body);
  return code == kOk ? PrintAnswer(common, std::move(body), print) : code;
}

// A file as the daemon makes it.
int Download(const Common& common, const std::string& target) {
  std::string body;
  const int code = AskDaemon(common, {"GET", target, {}, ""}, &body);
  if (code == kOk) fmt::print("{}", body);
  return code;
}

}  // namespace

int RunDays(const Common& common, const DaysOptions& options) {
  std::string query = options.csv ? "?format=csv" : "";
  const auto add = [&query](const char* name, const std::string& day) {
    if (!day.empty()) query += fmt::format("{}{}={}", query.empty() ? '?' : '&', name, day);
  };
  add("from", options.from);
  add("through", options.through);
  const std::string target = "/v1/days" + query;
  return options.csv ? Download(common, target) : Show(common, target, PrintDays);
}

int RunAudit(const Common& common, const AuditOptions& options) {
  std::string target = fmt::format("/v1/audit?limit={}", options.most);
  if (options.before > 0) target += fmt::format("&before={}", options.before);
  return Show(common, target, PrintAudit);
}

int RunLog(const Common& common, const LogOptions& options) {
  return Show(common, fmt::format("/v1/log?level={}&limit={}", options.level, options.most),
              PrintLog);
}

}  // namespace tillrelay::cli
