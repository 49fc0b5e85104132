#include <fmt/format.h>

#include "agent/cli/cli_strings.h"
#include "agent/cli/commands.h"
#include "agent/cli/terminal.h"
#include "agent/config/config.h"
#include "agent/config/reach.h"
#include "common/base/json_reader.h"
#include "common/http/address.h"
#include "common/http/client.h"
#include "common/language/retell.h"

namespace tillrelay::cli {
namespace {

void PrintIssue(JsonValue issue) {
  const std::string level(issue.String("level"));
  const std::string detail = strings::Retold(issue.String("detail"));
  const bool known = issue.String("state") == "acknowledged";
  fmt::print("  {}*{} {}{}{}{}\n", Colour(level), NoColour(),
             known ? fmt::format("{}: ", strings::kCliKnown) : "",
             strings::Retold(issue.String("title")), detail.empty() ? "" : ": ", detail);
}

void Print(JsonValue status) {
  const strings::Speaking speaking(TerminalLanguage());
  const std::string level(status.String("level"));
  fmt::print("{}{}{}\n", Colour(level), strings::Retold(status.String("sentence")), NoColour());
  if (const auto safe = status.String("safe"); !safe.empty()) {
    fmt::print("{}\n", strings::Retold(safe));
  }
  for (const JsonValue issue : status.Find("issues")) PrintIssue(issue);
  if (status.Find("steps").size() > 0) fmt::print("{}\n", strings::kCliSteps);
  for (const JsonValue step : status.Find("steps")) {
    fmt::print("  - {}\n", strings::Retold(step.text()));
  }
  const auto number = [&](const char* name) -> std::string_view {
    const JsonValue value = status.Find(name);
    return value ? value.text() : "-";
  };
  fmt::print("\n{}\n", strings::Say(strings::kCliNumbers, status.String("store_id"), number("head"),
                                    number("acked_through"), number("confirmed_through"),
                                    number("waiting"), number("quarantined")));
}

// Whatever is not known to be good is not good.
int CodeOf(JsonValue status) {
  if (status.String("state") == "unconfigured") return kNotConfigured;
  const auto level = status.String("level");
  return level == "green" ? kOk : level == "red" ? kCritical : kFault;
}

// The page's port, which needs no right; the control socket where that port wants TLS or a login,
// and where the configuration cannot be read while the daemon runs on with the one before.
Result<std::vector<std::string>> AddressesOf(const Common& common) {
  auto config = config::Load(common.config);
  if (config.ok()) {
    const auto page = http::ParseAddress(config->status.listen);
    const bool closed = !config->status.open_read ||
                        config::NeedsTls(config->status, page.ok() && http::IsLocal(*page));
    const std::string socket = "unix:" + config->control.socket;
    if (closed) return std::vector{socket};
    return std::vector{config->status.listen, socket};
  }
  if (config.status().code() == Code::kNotFound) return std::move(config).status();
  fmt::print(stderr, "{}\nThe running daemon has not read that yet; its status:\n",
             config.status().message());
  return std::vector{"unix:" + config::FindReach(common.config).socket,
                     config::Config().status.listen};
}

}  // namespace

int RunStatus(const Common& common, const StatusOptions& options) {
  std::vector<std::string> addresses = {options.address};
  if (options.address.empty()) {
    auto found = AddressesOf(common);
    if (!found.ok()) {
      fmt::print(stderr, "{}\n", found.status().message());
      return kConfiguration;
    }
    addresses = *std::move(found);
  }
  std::string why;
  for (const std::string& address : addresses) {
    auto answer = http::Client(address).Get("/v1/status");
    if (!answer.ok() || answer->status != 200) {
      const std::string text =
          answer.ok() ? fmt::format("HTTP {}", answer->status) : answer.status().message();
      why += fmt::format("{}{}: {}", why.empty() ? "" : "; ", address, text);
      continue;
    }
    JsonParser parser;
    std::string text = answer->body;
    auto status = parser.Parse(text);
    if (!status.ok()) {
      fmt::print(stderr, "the answer is not understood: {}\n", status.status().message());
      return kFault;
    }
    if (common.json) {
      fmt::print("{}\n", answer->body);
    } else {
      Print(*status);
    }
    return CodeOf(*status);
  }
  fmt::print(stderr,
             "tillrelayd does not answer at {}\nIs it running? systemctl status tillrelay\n", why);
  return kUnreachable;
}

}  // namespace tillrelay::cli
