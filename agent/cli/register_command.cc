// The registers' tokens, through the daemon's control socket: it alone writes them.
#include <fmt/format.h>

#include "agent/cli/ask_daemon.h"
#include "common/base/json_reader.h"
#include "common/base/json_writer.h"
#include "common/base/text.h"

namespace tillrelay::cli {
namespace {

constexpr const char* kTokens = "/v1/registers/tokens";

std::string_view Or(std::string_view text, std::string_view otherwise) {
  return text.empty() ? otherwise : text;
}

void PrintList(JsonValue root) {
  const JsonValue tokens = root.Find("tokens");
  if (tokens.size() == 0) fmt::print("No register has a token.\n");
  for (const JsonValue token : tokens) {
    fmt::print("{}  {:<12} since {}  last used {}\n", token.String("id"),
               Or(token.String("register"), "(any)"), token.String("created_at"),
               Or(token.String("last_used_at"), "not since the daemon started"));
  }
}

void PrintNew(JsonValue root) {
  fmt::print("{}\n", root.String("token"));
  fmt::print(stderr,
             "This is the token of {} {}; it is shown this once. The register sends it as\n"
             "  Authorization: Bearer TOKEN\nTo end it: tillrelay register remove {}\n",
             root.String("register").empty() ? "any" : "register", root.String("register"),
             root.String("id"));
}

http::ClientRequest RequestFor(const RegisterOptions& options) {
  http::ClientRequest request;
  request.target = kTokens;
  if (options.action == RegisterOptions::Action::kRemove) {
    request.method = "DELETE";
    request.target += "/" + options.id;
  }
  if (options.action == RegisterOptions::Action::kAdd) {
    request.method = "POST";
    request.headers.Add("Content-Type", "application/json");
    JsonWriter json(&request.body);
    json.BeginObject();
    options.any ? json.Field("any", true) : json.Field("register", options.id);
    json.EndObject();
  }
  return request;
}

int Print(const Common& common, const RegisterOptions& options, std::string body) {
  if (common.json && body.empty()) return kOk;
  if (!common.json && options.action == RegisterOptions::Action::kRemove) {
    fmt::print("{} is refused from now on.\n", options.id);
    return kOk;
  }
  const bool add = options.action == RegisterOptions::Action::kAdd;
  return PrintAnswer(common, std::move(body), add ? PrintNew : PrintList);
}

}  // namespace

int RunRegister(const Common& common, const RegisterOptions& options) {
  const bool add = options.action == RegisterOptions::Action::kAdd;
  if (add && options.any != options.id.empty()) {
    fmt::print(stderr, "name one register, or say --any\n");
    return kUsage;
  }
  if (!options.id.empty() && !IsName(options.id)) {
    fmt::print(stderr, "\"{}\" is no id; it must match [A-Za-z0-9._-]{{1,32}}\n",
               Printable(options.id));
    return kUsage;
  }
  std::string body;
  if (const int code = AskDaemon(common, RequestFor(options), &body); code != kOk) return code;
  return Print(common, options, std::move(body));
}

}  // namespace tillrelay::cli
