#include "agent/config/web_origin.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "common/base/text.h"

namespace tillrelay::config {
namespace {

constexpr size_t kMaxHostBytes = 253;

bool Fits(std::string_view text, std::string_view more) {
  return std::all_of(text.begin(), text.end(), [more](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           more.find(c) != std::string_view::npos;
  });
}

// "till.example", "127.0.0.1" or "[::1]", in lower case; a name in other scripts as "xn--".
bool IsHost(std::string_view host) {
  if (host.starts_with('['))
    return host.size() > 3 && host.back() == ']' && Fits(host.substr(1, host.size() - 2), ":");
  if (host.empty() || host.size() > kMaxHostBytes || !Fits(host, "-.")) return false;
  return host.front() != '.' && host.back() != '.' && host.find("..") == std::string_view::npos;
}

bool IsPort(std::string_view text) {
  int port = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, port);
  return read.ec == std::errc() && read.ptr == end && text.front() != '0' && port > 0 &&
         port <= 65'535;
}

// Where the port's colon stands; npos without one.
size_t PortColon(std::string_view authority) {
  const size_t bracket = authority.rfind(']');
  return authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
}

}  // namespace

std::string OriginMistake(std::string_view origin) {
  const auto wrong = [origin](std::string_view what) {
    return fmt::format(
        "\"{}\" {}; write it as browsers do: https://till.example or "
        "http://localhost:8080",
        Printable(std::string(origin), 80), what);
  };
  const bool secure = origin.starts_with("https://");
  if (!secure && !origin.starts_with("http://")) {
    return wrong("does not begin with https:// or http://");
  }
  const std::string_view authority = origin.substr(secure ? 8 : 7);
  const size_t colon = PortColon(authority);
  if (!IsHost(authority.substr(0, colon))) {
    return wrong("is no origin: scheme, host in lower case and port, and nothing behind them");
  }
  if (colon == std::string_view::npos) return "";
  const std::string_view port = authority.substr(colon + 1);
  if (!IsPort(port)) return wrong("has no port that can be");
  if (port == (secure ? "443" : "80")) return wrong("names its scheme's own port");
  return "";
}

}  // namespace tillrelay::config
