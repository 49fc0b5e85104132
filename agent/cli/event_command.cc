// Events as the shop calls them: a list, and one with its document and how far it has come.
#include <fmt/format.h>

#include <algorithm>

#include "agent/cli/ask_daemon.h"
#include "common/base/json_reader.h"
#include "common/base/text.h"

namespace tillrelay::cli {
namespace {

// A value of a query string or a part of a path.
std::string Encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string TargetOf(const EventsOptions& options) {
  std::string target = fmt::format("/v1/events?limit={}", options.most);
  const auto add = [&target](const char* name, const std::string& value) {
    if (!value.empty()) target += fmt::format("&{}={}", name, Encoded(value));
  };
  add("register", options.register_id);
  add("number", options.number);
  add("business_day", options.business_day);
  add("kind", options.kind);
  add("text", options.text);
  if (options.before > 0) add("before", std::to_string(options.before));
  return target;
}

void PrintList(JsonValue root) {
  const JsonValue events = root.Find("events");
  fmt::print("{:>10}  {:<24}  {:<18} {:<9} {}\n", "number", "time", "kind", "state", "subject");
  for (const JsonValue event : events) {
    fmt::print("{:>10}  {:<24}  {:<18} {:<9} {}\n", event.Find("sequence").text(),
               event.String("time"), event.String("kind"), event.String("state"),
               Printable(event.String("subject")));
  }
  const JsonValue waiting = root.Find("quarantined");
  for (const JsonValue row : waiting) {
    fmt::print("in quarantine, not stored: ticket {}, {} {}; tillrelay quarantine show {}\n",
               row.Find("ticket").text(), row.String("reason"), row.String("field"),
               row.Find("ticket").text());
  }
  if (events.size() + waiting.size() == 0) fmt::print(stderr, "No matching event.\n");
  if (const JsonValue older = root.Find("go_on_before")) {
    fmt::print(stderr, "Older ones were not looked at yet: add --before {}\n", older.text());
  }
}

// JSON with a member a line; the bytes of the values stay as they are.
void PrintDocument(JsonValue value, const std::string& indent) {
  const bool object = value.is_object();
  if (!object && !value.is_array()) {
    fmt::print("{}", value.is_string() ? fmt::format("\"{}\"", Printable(value.text()))
                                       : std::string(value.text()));
    return;
  }
  fmt::print("{}", object ? "{" : "[");
  bool first = true;
  for (const JsonValue member : value) {
    fmt::print("{}\n{}  ", first ? "" : ",", indent);
    if (object) fmt::print("\"{}\": ", Printable(member.name()));
    PrintDocument(member, indent + "  ");
    first = false;
  }
  if (!first) fmt::print("\n{}", indent);
  fmt::print("{}", object ? "}" : "]");
}

void PrintEvent(JsonValue event) {
  for (const JsonValue member : event) {
    if (member.name() == "data") continue;
    if (member.is_object() || member.is_array()) {
      fmt::print("{:<12} ", member.name());
      PrintDocument(member, "");
      fmt::print("\n");
    } else {
      fmt::print("{:<12} {}\n", member.name(), Printable(member.text()));
    }
  }
  fmt::print("\n");
  PrintDocument(event.Find("data"), "");
  fmt::print("\n");
}

}  // namespace

int RunEvents(const Common& common, const EventsOptions& options) {
  std::string body;
  const int code = AskDaemon(common, {"GET", TargetOf(options), {}, ""}, &body);
  return code == kOk ? PrintAnswer(common, std::move(body), PrintList) : code;
}

int RunShow(const Common& common, const std::string& id) {
  std::string body;
  const int code = AskDaemon(common, {"GET", "/v1/events/" + Encoded(id), {}, ""}, &body);
  return code == kOk ? PrintAnswer(common, std::move(body), PrintEvent) : code;
}

}  // namespace tillrelay::cli
