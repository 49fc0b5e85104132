#include <fmt/format.h>

#include "agent/cli/intake_access.h"
#include "common/base/files.h"
#include "common/base/json_reader.h"
#include "common/http/client.h"

namespace tillrelay::cli {
namespace {

constexpr std::chrono::seconds kPatience{60};
constexpr size_t kMaxFileBytes = 64 * 1024 * 1024;

std::string GuessType(std::string_view name, std::string_view bytes) {
  if (name.ends_with(".ndjson") || name.ends_with(".jsonl")) return "application/x-ndjson";
  const size_t first = bytes.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (first != std::string_view::npos && bytes[first] == '<') return "application/xml";
  if (name.ends_with(".csv")) return "text/csv";
  if (bytes.substr(0, 4096).find("\"@context\"") != std::string_view::npos) {
    return "application/ld+json";
  }
  const bool cloud = bytes.find("\"specversion\"") < 4096;
  const bool array = first != std::string_view::npos && bytes[first] == '[';
  if (cloud) return array ? "application/cloudevents-batch+json" : "application/cloudevents+json";
  return "application/json";
}

// "on_hand -2, in_transit +2 (of 0017)"
std::string EffectText(JsonValue line, std::string_view store) {
  std::string text;
  for (const JsonValue effect : line.Find("stock_effect")) {
    if (!text.empty()) text += ", ";
    const std::string_view delta = effect.String("delta");
    text +=
        fmt::format("{} {}{}", effect.String("bucket"), delta.starts_with('-') ? "" : "+", delta);
    const std::string_view location = effect.String("location");
    if (!store.empty() && location != store) text += fmt::format(" (of {})", location);
  }
  return text.empty() ? "moves nothing" : text;
}

// How a document was understood, as people read a receipt.
void PrintUnderstood(JsonValue document) {
  JsonValue head;
  for (const char* part : {"transaction", "transfer", "count", "adjustment", "close"}) {
    if (!head) head = document.Find(part);
  }
  const auto first = [&head](std::initializer_list<const char*> names) {
    for (const char* name : names) {
      if (const auto text = head.String(name); !text.empty()) return text;
    }
    return std::string_view();
  };
  fmt::print("    {}{} {}, register {}, business day {}\n", document.String("kind"),
             head.String("status").empty() ? "" : fmt::format(" ({})", head.String("status")),
             first({"transaction_no", "transfer_id", "count_id", "adjustment_id", "z_no"}),
             head.String("register_id").empty() ? "none" : head.String("register_id"),
             head.String("business_day"));
  const std::string_view quality = head.String("time_quality");
  fmt::print("    at {}{}\n",
             first({"end_at", "shipped_at", "received_at", "voided_at", "as_of", "adjusted_at",
                    "closed_at"}),
             quality.empty() ? "" : fmt::format(" ({})", quality));
  const std::string_view store = first({"store_id", "from_store_id"});
  for (const JsonValue line : document.Find("lines")) {
    const JsonValue item = line.Find("item");
    const std::string_view name =
        item.String("sku").empty() ? item.String("gtin") : item.String("sku");
    const std::string_view quantity =
        line.String("counted").empty() ? line.String("quantity") : line.String("counted");
    fmt::print("    {:<14} {:<20} {:>10} {:<4} {}\n", line.String("action"), name, quantity,
               line.String("uom"), EffectText(line, store));
  }
  if (document.Find("lines").size() == 0) return;
  bool checked = !document.Find("totals").String("grand_amount").empty();
  for (const JsonValue flag : document.Find("origin").Find("flags")) {
    if (flag.text() == "unchecked") checked = false;
  }
  fmt::print("    total {} {}: {}\n", document.Find("totals").String("grand_amount"),
             document.String("currency"),
             checked ? "agrees with the lines" : "not checked, the document does not tell enough");
}

// Whether it was kept decides what a person has to do.
void PrintRefusal(int status, JsonValue problem) {
  if (const JsonValue ticket = problem.Find("ticket"); ticket.is_number()) {
    fmt::print(stderr,
               "It could not be read and waits in quarantine as ticket {}; nothing of it was "
               "stored.\n",
               ticket.text());
  } else {
    fmt::print(stderr, "It was refused and kept nowhere ({}).\n", status);
  }
  for (const char* part : {"title", "detail", "hint"}) {
    if (const auto text = problem.String(part); !text.empty()) fmt::print(stderr, "{}\n", text);
  }
}

// The same, whichever way the answer is printed: a fault if a document was not taken.
int CodeOf(const http::ClientResponse& answer) {
  JsonParser parser;
  std::string body = answer.body;
  const auto value = parser.Parse(body);
  uint64_t quarantined = 0;
  const bool known =
      answer.status == 200 && value.ok() && value->Unsigned("quarantined", &quarantined);
  return known && quarantined == 0 ? kOk : kFault;
}

// "2 stored, 0 already known, 1 in quarantine" and a line for each that needs a person.
void PrintAnswer(const http::ClientResponse& answer) {
  JsonParser parser;
  std::string body = answer.body;
  auto value = parser.Parse(body);
  if (!value.ok()) {
    fmt::print(stderr, "HTTP {}: {}\n", answer.status, answer.body);
    return;
  }
  if (answer.status != 200) {
    PrintRefusal(answer.status, *value);
    return;
  }
  uint64_t stored = 0, duplicate = 0, quarantined = 0;
  value->Unsigned("stored", &stored);
  value->Unsigned("duplicate", &duplicate);
  value->Unsigned("quarantined", &quarantined);
  fmt::print("{} stored, {} already known, {} in quarantine\n", stored, duplicate, quarantined);
  size_t index = 0;
  for (const JsonValue result : value->Find("results")) {
    ++index;
    const std::string_view outcome = result.String("outcome");
    if (outcome == "quarantined" || outcome == "refused") {
      const std::string ticket = outcome == "quarantined"
                                     ? fmt::format("ticket {}", result.Find("ticket").text())
                                     : "kept nowhere: the quarantine is full, send it again";
      fmt::print("  document {}: {} {} ({})\n    {}\n", index, result.String("reason"),
                 result.String("field"), ticket, result.String("hint"));
    } else if (result.Find("understood")) {
      fmt::print("  document {}: would be {}\n", index,
                 outcome == "stored" ? "stored" : "known already");
    }
    if (const JsonValue understood = result.Find("understood")) PrintUnderstood(understood);
  }
  std::string not_read;
  for (const JsonValue heading : value->Find("not_read")) {
    not_read += (not_read.empty() ? "" : ", ") + std::string(heading.text());
  }
  if (!not_read.empty()) fmt::print("not read: {}\n", not_read);
}

}  // namespace

int RunSend(const Common& common, const SendOptions& options) {
  auto bytes = ReadFile(options.file, kMaxFileBytes);
  if (!bytes.ok()) {
    fmt::print(stderr, "{}\n", bytes.status().message());
    return kUsage;
  }
  const auto intake = FindIntake(common, options.intake);
  if (!intake.ok()) {
    fmt::print(stderr, "{}\n", intake.status().message());
    return kConfiguration;
  }
  http::ClientRequest request =
      intake->Post(options.check ? "/v1/events?dry_run=true" : "/v1/events",
                   options.type.empty() ? GuessType(options.file, *bytes) : options.type);
  request.body = *std::move(bytes);
  auto answer = http::Client(intake->address, kPatience, intake->tls).Call(request);
  if (!answer.ok()) {
    fmt::print(stderr, "the intake does not answer at {}: {}\n", intake->address,
               answer.status().message());
    return kUnreachable;
  }
  if (common.json) {
    fmt::print("{}\n", answer->body);
  } else {
    PrintAnswer(*answer);
  }
  return CodeOf(*answer);
}

}  // namespace tillrelay::cli
