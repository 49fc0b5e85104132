#include <fmt/format.h>

#include "agent/cli/commands.h"
#include "agent/cli/terminal.h"
#include "agent/config/config.h"
#include "common/base/json_reader.h"
#include "common/http/address.h"
#include "common/http/client.h"

namespace tillrelay::cli {
namespace {

void Print(JsonValue status) {
  const std::string level(status.String("level"));
  fmt::print("{}{}{}\n", Colour(level), status.String("sentence"), NoColour());
  if (const auto safe = status.String("safe"); !safe.empty()) fmt::print("{}\n", safe);
  for (const JsonValue step : status.Find("next_steps")) fmt::print("  - {}\n", step.text());
  const auto number = [&](const char* name) -> std::string_view {
    const JsonValue value = status.Find(name);
    return value ? value.text() : "-";
  };
  fmt::print(
      "\nstore {} · stored through {} · at the broker {} · confirmed {} · waiting {} · "
      "quarantine {}\n",
      status.String("store_id"), number("head"), number("acked_through"),
      number("confirmed_through"), number("waiting"), number("quarantined"));
}

}  // namespace

int RunStatus(const Common& common, const StatusOptions& options) {
  std::string address = options.address;
  if (address.empty()) {
    auto config = config::Load(common.config);
    if (!config.ok()) {
      fmt::print(stderr, "{}\n", config.status().message());
      return kConfiguration;
    }
    // Where the port wants TLS or a login the control socket still answers.
    const auto page = http::ParseAddress(config->status.listen);
    const bool closed = !config->status.open_read ||
                        config::NeedsTls(config->status, page.ok() && http::IsLocal(*page));
    address = closed ? "unix:" + config->control.socket : config->status.listen;
  }
  auto answer = http::Client(address).Get("/v1/status");
  if (!answer.ok() || answer->status != 200) {
    fmt::print(stderr,
               "tillrelayd does not answer at {}: {}\nIs it running? systemctl status "
               "tillrelay\n",
               address,
               answer.ok() ? fmt::format("HTTP {}", answer->status) : answer.status().message());
    return kUnreachable;
  }
  if (common.json) {
    fmt::print("{}\n", answer->body);
    return kOk;
  }
  JsonParser parser;
  auto status = parser.Parse(answer->body);
  if (!status.ok()) {
    fmt::print(stderr, "the answer is not understood: {}\n", status.status().message());
    return kFault;
  }
  Print(*status);
  return status->String("level") == "red" ? kFault : kOk;
}

}  // namespace tillrelay::cli
