// Who may act on the admin port, through the daemon's control socket: it alone writes that down.
#include "agent/cli/access_commands.h"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "agent/cli/ask_daemon.h"
#include "common/base/json_reader.h"
#include "common/base/json_writer.h"
#include "common/base/text.h"

namespace tillrelay::cli {
namespace {

// One line, without showing what is typed.
std::string HiddenLine(std::string_view question) {
  termios before{};
  const bool terminal = tcgetattr(STDIN_FILENO, &before) == 0;
  termios hidden = before;
  hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  if (terminal) {
    fmt::print(stderr, "{}: ", question);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  }
  std::string line;
  std::getline(std::cin, line);
  if (terminal) {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fmt::print(stderr, "\n");
  }
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

bool IsId(std::string_view text) {
  if (IsName(text)) return true;
  fmt::print(stderr, "\"{}\" must match [A-Za-z0-9._-]{{1,32}}\n", Printable(text));
  return false;
}

http::ClientRequest RequestOf(std::string method, std::string target, std::string json = "") {
  http::ClientRequest request = PostOf(std::move(target), std::move(json));
  request.method = std::move(method);
  return request;
}

void PrintTokens(JsonValue root) {
  const JsonValue tokens = root.Find("tokens");
  if (tokens.size() == 0) fmt::print("There is no API token.\n");
  for (const JsonValue token : tokens) {
    const auto used = token.String("last_used_at");
    fmt::print("{}  {:<12} {:<8} since {}  last used {}\n", token.String("id"),
               token.String("name"), token.String("role"), token.String("created_at"),
               used.empty() ? "not since the daemon started" : used);
  }
}

void PrintLink(JsonValue root) {
  fmt::print("{}\n", root.String("url"));
  uint64_t valid_s = 0;
  root.Unsigned("valid_s", &valid_s);
  fmt::print(stderr, "This link is good for one login within {} minutes.\n", valid_s / 60);
  if (const auto fingerprint = root.String("fingerprint"); !fingerprint.empty()) {
    fmt::print(
        stderr,
        "A browser that does not know the certificate warns; its SHA-256 fingerprint is\n{}\n",
        fingerprint);
  }
}

void PrintNewToken(JsonValue root) {
  fmt::print("{}\n", root.String("token"));
  fmt::print(stderr,
             "This is the token {} with the role {}; it is shown this once. A script sends it as\n"
             "  Authorization: Bearer TOKEN\n",
             root.String("name"), root.String("role"));
}

int Removed(const Common& common, const std::string& target, const std::string& what) {
  std::string body;
  if (const int code = AskDaemon(common, RequestOf("DELETE", target), &body); code != kOk) {
    return code;
  }
  if (!common.json) fmt::print("{} is refused from now on.\n", what);
  return kOk;
}

}  // namespace

int RunLogin(const Common& common) {
  std::string body;
  const int code = AskDaemon(common, RequestOf("POST", "/v1/login-links"), &body);
  return code == kOk ? PrintAnswer(common, std::move(body), PrintLink) : code;
}

int RunSetPassword(const Common& common, const PasswordOptions& options) {
  if (!IsId(options.user)) return kUsage;
  const std::string target = "/v1/users/" + options.user;
  if (options.remove) return Removed(common, target, options.user);
  const std::string password = HiddenLine("New password for " + options.user);
  if (isatty(STDIN_FILENO) == 1 && HiddenLine("The same again") != password) {
    fmt::print(stderr, "the two are not the same; nothing was changed\n");
    return kFault;
  }
  if (FirstInvalidUtf8(password) != std::string::npos) {
    fmt::print(stderr, "the password is not UTF-8; nothing was changed\n");
    return kFault;
  }
  std::string wish, body;
  JsonWriter json(&wish);
  json.BeginObject().Field("password", password).Field("role", options.role).EndObject();
  const int code = AskDaemon(common, RequestOf("PUT", target, std::move(wish)), &body);
  if (code == kOk && !common.json) {
    fmt::print("The password of {} is set; its sessions have ended.\n", options.user);
  }
  return code;
}

int RunToken(const Common& common, const TokenOptions& options) {
  using Action = TokenOptions::Action;
  if (options.action != Action::kList && !IsId(options.name)) return kUsage;
  if (options.action == Action::kRemove) {
    return Removed(common, "/v1/tokens/" + options.name, options.name);
  }
  const bool add = options.action == Action::kAdd;
  std::string wish, body;
  if (add) {
    JsonWriter json(&wish);
    json.BeginObject().Field("name", options.name).Field("role", options.role).EndObject();
  }
  const auto request = RequestOf(add ? "POST" : "GET", "/v1/tokens", std::move(wish));
  if (const int code = AskDaemon(common, request, &body); code != kOk) return code;
  return PrintAnswer(common, std::move(body), add ? PrintNewToken : PrintTokens);
}

}  // namespace tillrelay::cli
