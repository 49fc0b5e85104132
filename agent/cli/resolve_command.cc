// Tickets out of quarantine, and the delivery's switches: what changes something, over the socket.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "agent/cli/ask_daemon.h"
#include "common/base/files.h"
#include "common/base/json_reader.h"
#include "common/base/json_writer.h"

namespace tillrelay::cli {
namespace {

constexpr size_t kMaxDocumentBytes = 8 * 1024 * 1024;

const char* WordOf(ResolveOptions::Way way) {
  return way == ResolveOptions::Way::kRetry      ? "retry"
         : way == ResolveOptions::Way::kResubmit ? "resubmit"
                                                 : "discard";
}

// Discarding cannot be taken back: a person at a terminal is asked.
bool Agreed(const ResolveOptions& options) {
  if (options.way != ResolveOptions::Way::kDiscard || options.yes) return true;
  if (isatty(STDIN_FILENO) == 0) {
    fmt::print(stderr, "discarding cannot be taken back: say --yes\n");
    return false;
  }
  fmt::print("Discard ticket {} for good? It will not be counted in stock. [y/N] ", options.ticket);
  std::fflush(stdout);
  const int answer = std::getchar();
  return answer == 'y' || answer == 'Y';
}

int Send(const ResolveOptions& options, std::string body) {
  JsonParser parser;
  const auto root = parser.Parse(body);
  if (!root.ok()) {
    fmt::print(stderr, "the answer is not understood: {}\n", root.status().message());
    return kFault;
  }
  if (root->Find("resolved").is_true()) {
    fmt::print("ticket {}: {}\n", options.ticket,
               options.way == ResolveOptions::Way::kDiscard ? "discarded" : "stored");
    return kOk;
  }
  fmt::print("ticket {} stays in quarantine; nothing was stored:\n", options.ticket);
  for (const JsonValue result : root->Find("results")) {
    fmt::print("  {} {} {}\n", result.String("reason"), result.String("field"),
               result.String("hint"));
  }
  return kFault;
}

}  // namespace

int RunResolve(const Common& common, const ResolveOptions& options) {
  std::string json;
  JsonWriter writer(&json);
  writer.BeginObject();
  if (options.way == ResolveOptions::Way::kResubmit) {
    auto document = ReadFile(options.file, kMaxDocumentBytes);
    if (!document.ok()) {
      fmt::print(stderr, "{}: {}\n", options.file, document.status().message());
      return kUsage;
    }
    writer.Field("document", *document);
    if (!options.type.empty()) writer.Field("content_type", options.type);
  }
  if (!options.reason.empty()) writer.Field("reason", options.reason);
  if (options.restarts > 0) writer.Field("restarts", options.restarts);
  writer.EndObject();
  if (!Agreed(options)) return kUsage;
  std::string body;
  const std::string target =
      fmt::format("/v1/quarantine/{}/{}", options.ticket, WordOf(options.way));
  if (const int code = AskDaemon(common, PostOf(target, json), &body); code != kOk) return code;
  if (common.json) {
    fmt::print("{}\n", body);
    return kOk;
  }
  return Send(options, std::move(body));
}

int RunDelivery(const Common& common, const std::string& word) {
  std::string body;
  const int code = AskDaemon(common, PostOf("/v1/delivery/" + word, "{}"), &body);
  if (code == kOk && common.json) fmt::print("{}\n", body);
  if (code == kOk && !common.json) fmt::print("done; see tillrelay status\n");
  return code;
}

}  // namespace tillrelay::cli
