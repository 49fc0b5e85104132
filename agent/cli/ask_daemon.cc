#include "agent/cli/ask_daemon.h"

#include <fmt/format.h>

#include "agent/config/config.h"
#include "common/base/json_reader.h"

namespace tillrelay::cli {
namespace {

// What a problem document says, in one line.
std::string ProblemText(std::string body) {
  JsonParser parser;
  const auto root = parser.Parse(body);
  if (!root.ok()) return "the answer is not understood";
  const auto detail = root->String("detail");
  return std::string(root->String("title")) + (detail.empty() ? "" : ": ") + std::string(detail);
}

}  // namespace

http::ClientRequest PostOf(std::string target, std::string json) {
  http::ClientRequest request;
  request.method = "POST";
  request.target = std::move(target);
  request.headers.Add("Content-Type", "application/json");
  request.body = std::move(json);
  return request;
}

int AskDaemon(const Common& common, const http::ClientRequest& request, std::string* body) {
  auto config = config::Load(common.config);
  if (!config.ok()) {
    fmt::print(stderr, "{}\n", config.status().message());
    return kConfiguration;
  }
  if (config->control.socket.empty()) {
    fmt::print(stderr, "no control socket is configured: set socket in [control]\n");
    return kConfiguration;
  }
  auto answer = http::Client("unix:" + config->control.socket).Call(request);
  if (!answer.ok()) {
    fmt::print(stderr,
               "tillrelayd does not answer: {}\nIs it running, and are you in the group "
               "tillrelay-admin?\n",
               answer.status().message());
    return kUnreachable;
  }
  if (answer->status >= 300) {
    fmt::print(stderr, "{}\n", ProblemText(std::move(answer->body)));
    return kFault;
  }
  *body = std::move(answer->body);
  return kOk;
}

int PrintAnswer(const Common& common, std::string body, void (*print)(JsonValue)) {
  if (common.json) {
    fmt::print("{}\n", body);
    return kOk;
  }
  JsonParser parser;
  const auto root = parser.Parse(body);
  if (!root.ok()) {
    fmt::print(stderr, "the answer is not understood: {}\n", root.status().message());
    return kFault;
  }
  print(*root);
  return kOk;
}

}  // namespace tillrelay::cli
