#include "agent/cli/ask_daemon.h"

#include <fmt/format.h>

#include "agent/config/reach.h"
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

Result<http::ClientResponse> CallDaemon(const Common& common, const http::ClientRequest& request,
                                        int* code) {
  const config::Reach reach = config::FindReach(common.config);
  if (!reach.fault.ok() && reach.fault.code() == Code::kNotFound) {
    *code = kConfiguration;
    return reach.fault;
  }
  if (!reach.fault.ok()) {
    fmt::print(stderr,
               "note: the configuration has a fault, which the running daemon has not "
               "read yet: tillrelay config check\n");
  }
  if (reach.socket.empty()) {
    *code = kConfiguration;
    return Invalid("no control socket is configured: set socket in [control]");
  }
  auto answer = http::Client("unix:" + reach.socket).Call(request);
  if (answer.ok()) return answer;
  *code = kUnreachable;
  return Unavailable(fmt::format(
      "tillrelayd does not answer at {}: {}\nIs it running (systemctl status tillrelay), and are "
      "you root or in the group tillrelay-admin?",
      reach.socket, answer.status().message()));
}

int AskDaemon(const Common& common, const http::ClientRequest& request, std::string* body) {
  int code = kFault;
  auto answer = CallDaemon(common, request, &code);
  if (!answer.ok()) {
    fmt::print(stderr, "{}\n", answer.status().message());
    return code;
  }
  if (answer->status >= 300) {
    fmt::print(stderr, "{}\n", ProblemText(std::move(answer->body)));
    return answer->status == 400 ? kUsage : kFault;
  }
  *body = std::move(answer->body);
  return kOk;
}

int PrintAnswer(const Common& common, std::string body,
                const std::function<void(JsonValue)>& print) {
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
