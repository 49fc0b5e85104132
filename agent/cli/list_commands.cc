// Days, audit and log of the running daemon.
#include <fmt/format.h>

#include <vector>

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

// What a spreadsheet would take for a formula is text behind an apostrophe; numbers stay numbers.
std::string CsvCell(const std::string& text) {
  const size_t digits = text.starts_with('-') ? 1 : 0;
  const bool number =
      text.size() > digits && text.find_first_not_of("0123456789.", digits) == std::string::npos;
  const bool formula =
      !number && !text.empty() && std::string("=+-@\t\r").find(text[0]) != std::string::npos;
  std::string out = formula ? "\"'" : "\"";
  for (const char c : text) {
    out += c;
    if (c == '"') out += c;
  }
  return out + "\"";
}

constexpr const char* kDayColumns[] = {
    "business_day", "register_id", "day_close",           "events",          "sales", "returns",
    "others",       "net_amount",  "reported_net_amount", "missing_numbers", "gaps",  "duplicates",
    "conflicts",    "reopened",
};

void PrintCsv(JsonValue answer) {
  std::vector<std::string> cells(std::begin(kDayColumns), std::end(kDayColumns));
  fmt::print("{}\r\n", fmt::join(cells, ","));
  for (const JsonValue day : answer.Find("days")) {
    cells.clear();
    for (const char* name : kDayColumns) cells.push_back(CsvCell(Cell(day, name)));
    fmt::print("{}\r\n", fmt::join(cells, ","));
  }
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

}  // namespace

int RunDays(const Common& common, const DaysOptions& options) {
  return Show(common, fmt::format("/v1/days?from={}&through={}", options.from, options.through),
              options.csv ? PrintCsv : PrintDays);
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
