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
  const bool cloud = bytes.find("\"specversion\"") < 4096;
  const bool array = first != std::string_view::npos && bytes[first] == '[';
  if (cloud) return array ? "application/cloudevents-batch+json" : "application/cloudevents+json";
  return "application/json";
}

// "2 stored, 0 already known, 1 in quarantine" and a line for each that needs a person.
int PrintAnswer(const http::ClientResponse& answer) {
  JsonParser parser;
  std::string body = answer.body;
  auto value = parser.Parse(body);
  if (!value.ok()) {
    fmt::print(stderr, "HTTP {}: {}\n", answer.status, answer.body);
    return kFault;
  }
  if (answer.status != 200) {
    fmt::print(stderr, "refused ({}): {}\n{}\n", answer.status, value->String("title"),
               value->String("detail"));
    if (const auto hint = value->String("hint"); !hint.empty()) fmt::print(stderr, "{}\n", hint);
    return kFault;
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
    if (outcome == "stored" || outcome == "duplicate") continue;
    const std::string ticket = outcome == "quarantined"
                                   ? fmt::format("ticket {}", result.Find("ticket").text())
                                   : "kept nowhere: the quarantine is full, send it again";
    fmt::print("  document {}: {} {} ({})\n", index, result.String("reason"),
               result.String("field"), ticket);
  }
  return quarantined == 0 ? kOk : kFault;
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
    return answer->status == 200 ? kOk : kFault;
  }
  return PrintAnswer(*answer);
}

}  // namespace tillrelay::cli
