// Sending again what was sent and is kept: how much it would be, then the work with its progress.
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cstdio>

#include "agent/cli/ask_daemon.h"
#include "agent/cli/terminal.h"
#include "common/base/json_reader.h"
#include "common/base/json_writer.h"

namespace tillrelay::cli {
namespace {

constexpr const char* kReplays = "/v1/replays";
constexpr int kAskEvery_ms = 500;

std::string OrderJson(const ReplayOptions& options, bool preview) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject();
  if (options.from > 0) json.Field("from", options.from).Field("through", options.through);
  if (!options.stream.empty()) json.Field("stream", options.stream);
  if (!options.business_day.empty()) json.Field("business_day", options.business_day);
  if (!options.recorded_from.empty()) json.Field("recorded_from", options.recorded_from);
  if (!options.recorded_through.empty()) json.Field("recorded_through", options.recorded_through);
  if (!options.reason.empty()) json.Field("reason", options.reason);
  if (preview) json.Field("preview", true);
  json.EndObject();
  return out;
}

// Asks how many it would be; at a terminal, whether to go on.
int Preview(const Common& common, const ReplayOptions& options) {
  std::string body;
  const int code = AskDaemon(common, PostOf(kReplays, OrderJson(options, true)), &body);
  if (code != kOk) return code;
  if (options.preview && common.json) {
    fmt::print("{}\n", body);
    return kOk;
  }
  JsonParser parser;
  const auto root = parser.Parse(body);
  uint64_t events = 0;
  if (!root.ok() || !root->Unsigned("events", &events)) return kFault;
  const char* about = root->Find("exact").is_true() ? "" : "about ";
  if (options.preview) {
    fmt::print("{}{} events would be sent again\n", about, events);
    return kOk;
  }
  fmt::print(stderr, "{}{} events are sent again; head office counts each once.\n", about, events);
  if (options.yes || isatty(STDIN_FILENO) == 0) return kOk;
  fmt::print(stderr, "Go on? [y/N] ");
  const int answer = std::getchar();
  return answer == 'y' || answer == 'Y' ? kOk : kUsage;
}

// Until it has ended; its last state in `*body`.
int Follow(const Common& common, const std::string& id, std::string* body) {
  Progress bar("Sending again");
  for (;;) {
    const int code = AskDaemon(common, {"GET", std::string(kReplays) + "/" + id, {}, ""}, body);
    if (code != kOk) return code;
    std::string text = *body;
    JsonParser parser;
    const auto root = parser.Parse(text);
    if (!root.ok()) return kFault;
    uint64_t looked = 0, of = 0;
    root->Unsigned("looked", &looked);
    root->Unsigned("of", &of);
    bar.Show(looked, of);
    if (root->String("state") == "done") return kOk;
    if (root->String("state") != "running") return kFault;
    poll(nullptr, 0, kAskEvery_ms);  // the daemon tells no end by itself
  }
}

}  // namespace

int RunReplay(const Common& common, const ReplayOptions& options) {
  const int ways = (options.from > 0 ? 1 : 0) + (options.business_day.empty() ? 0 : 1) +
                   (options.recorded_from.empty() ? 0 : 1);
  if (ways != 1) {
    fmt::print(stderr,
               "say one of --from and --through, --day, or --recorded-from and "
               "--recorded-through\n");
    return kUsage;
  }
  if (const int code = Preview(common, options); code != kOk || options.preview) return code;
  std::string body;
  int code = AskDaemon(common, PostOf(kReplays, OrderJson(options, false)), &body);
  if (code != kOk) return code;
  std::string id;
  {
    std::string text = body;
    JsonParser parser;
    const auto root = parser.Parse(text);
    if (root.ok()) id = root->String("id");
  }
  if (options.wait && !id.empty()) code = Follow(common, id, &body);
  if (common.json) {
    fmt::print("{}\n", body);
    return code;
  }
  JsonParser parser;
  const auto root = parser.Parse(body);
  if (!root.ok()) return kFault;
  fmt::print("replay {}: {}, {} events sent\n", id, root->String("state"),
             root->Find("sent").text());
  return code;
}

}  // namespace tillrelay::cli
