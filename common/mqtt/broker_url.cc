#include "common/mqtt/broker_url.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/text.h"

namespace tillrelay::mqtt {
namespace {

constexpr std::string_view kExample = "; expected one address such as mqtts://broker.example:8883";

bool IsAlphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool IsHost(std::string_view host) {
  return !host.empty() && host.size() <= 253 && IsAlphanumeric(host.front()) &&
         std::all_of(host.begin(), host.end(),
                     [](char c) { return IsAlphanumeric(c) || c == '.' || c == '-' || c == '_'; });
}

bool IsIpv6(std::string_view host) {
  return host.find(':') != std::string_view::npos &&
         std::all_of(host.begin(), host.end(),
                     [](char c) { return IsAlphanumeric(c) || c == ':' || c == '.' || c == '%'; });
}

bool IsPort(const std::string& port) {
  return AllDigits(port) && port.size() <= 5 && std::stoi(port) >= 1 && std::stoi(port) <= 65535;
}

// Without what may be a login.
Status Refuse(std::string_view why) { return Invalid(fmt::format("{}{}", why, kExample)); }

}  // namespace

Result<BrokerUrl> ParseBrokerUrl(const std::string& url) {
  BrokerUrl target;
  target.tls = url.starts_with("mqtts://");
  if (!target.tls && !url.starts_with("mqtt://")) {
    return Refuse("it must start with mqtt:// or mqtts://");
  }
  std::string rest = url.substr(target.tls ? 8 : 7);
  if (rest.find('@') != std::string::npos) {
    return Refuse("a login has keys of its own: username and password_file");
  }
  if (rest.find_first_of(", ") != std::string::npos) {
    return Refuse("it names one broker; give several brokers one name");
  }
  if (rest.ends_with('/')) rest.pop_back();
  size_t colon = rest.find(':');
  if (rest.starts_with('[')) {
    const size_t bracket = rest.find(']');
    if (bracket == std::string::npos) return Refuse("] is missing");
    target.host = rest.substr(1, bracket - 1);
    colon = bracket + 1 < rest.size() ? bracket + 1 : std::string::npos;
    if (colon != std::string::npos && rest[colon] != ':') return Refuse("] is not the host's end");
    if (!IsIpv6(target.host)) return Refuse("in brackets stands an IPv6 address");
  } else {
    target.host = rest.substr(0, colon);
    if (!IsHost(target.host)) {
      return Refuse(fmt::format("\"{}\" is no host name", Printable(target.host, 80)));
    }
  }
  target.port = colon != std::string::npos ? rest.substr(colon + 1) : target.tls ? "8883" : "1883";
  if (!IsPort(target.port)) {
    return Refuse(fmt::format("\"{}\" is no port", Printable(target.port, 80)));
  }
  return target;
}

}  // namespace tillrelay::mqtt
