#include "common/mqtt/broker_url.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/text.h"

namespace tillrelay::mqtt {
namespace {

constexpr std::string_view kExample = "; expected one address such as mqtts://broker.example:8883";
constexpr std::string_view kProxyExample =
    "; expected an address such as http://proxy.example:3128";

struct Scheme {
  std::string_view prefix;
  bool tls, websocket;
  std::string_view port;
};
constexpr Scheme kSchemes[] = {{"mqtt://", false, false, "1883"},
                               {"mqtts://", true, false, "8883"},
                               {"ws://", false, true, "80"},
                               {"wss://", true, true, "443"}};
constexpr Scheme kProxyScheme{"http://", false, false, "3128"};

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

bool IsPath(std::string_view path) {
  return std::all_of(path.begin(), path.end(), [](char c) {
    return IsAlphanumeric(c) || std::string_view("/-._~%").find(c) != std::string_view::npos;
  });
}

// Reasons never repeat what may be a login.
Status Refuse(std::string_view why) { return Invalid(std::string(why)); }

// "host", "host:port", "[address]:port".
Status ParseHostAndPort(std::string_view rest, std::string_view default_port, BrokerUrl* target) {
  size_t colon = rest.find(':');
  if (rest.starts_with('[')) {
    const size_t bracket = rest.find(']');
    if (bracket == std::string_view::npos) return Refuse("] is missing");
    target->host = rest.substr(1, bracket - 1);
    colon = bracket + 1 < rest.size() ? bracket + 1 : std::string_view::npos;
    if (colon != std::string_view::npos && rest[colon] != ':') {
      return Refuse("] is not the host's end");
    }
    if (!IsIpv6(target->host)) return Refuse("in brackets stands an IPv6 address");
  } else {
    target->host = rest.substr(0, colon);
    if (!IsHost(target->host)) {
      return Refuse(fmt::format("\"{}\" is no host name", Printable(target->host, 80)));
    }
  }
  target->port = colon != std::string_view::npos ? rest.substr(colon + 1) : default_port;
  if (IsPort(target->port)) return Status::Ok();
  // It may be the password of an address whose host was forgotten.
  return Refuse("what follows its last colon is no port");
}

Result<BrokerUrl> Parse(const std::string& url, const Scheme& scheme) {
  BrokerUrl target;
  target.tls = scheme.tls;
  target.websocket = scheme.websocket;
  std::string_view rest = std::string_view(url).substr(scheme.prefix.size());
  if (rest.find('@') != std::string_view::npos) {
    return Refuse("a login has keys of its own, for the user name and for the password's file");
  }
  if (rest.find_first_of(", ") != std::string_view::npos) {
    return Refuse("it names one address; several brokers stand in broker.urls");
  }
  if (target.websocket) {
    const size_t slash = std::min(rest.find('/'), rest.size());
    target.path = slash + 1 < rest.size() ? rest.substr(slash) : "/mqtt";
    if (!IsPath(target.path)) return Refuse("the path has characters that no path has");
    rest = rest.substr(0, slash);
  } else if (rest.ends_with('/')) {
    rest.remove_suffix(1);
  }
  TRY(ParseHostAndPort(rest, scheme.port, &target));
  return target;
}

// What to write instead stands behind every reason.
Result<BrokerUrl> WithExample(Result<BrokerUrl> parsed, std::string_view example) {
  if (parsed.ok()) return parsed;
  return Invalid(parsed.status().message() + std::string(example));
}

}  // namespace

Result<BrokerUrl> ParseBrokerUrl(const std::string& url) {
  for (const Scheme& scheme : kSchemes) {
    if (url.starts_with(scheme.prefix)) return WithExample(Parse(url, scheme), kExample);
  }
  return WithExample(Refuse("it must start with mqtt://, mqtts://, ws:// or wss://"), kExample);
}

Result<BrokerUrl> ParseProxyUrl(const std::string& url) {
  if (url.starts_with(kProxyScheme.prefix)) {
    return WithExample(Parse(url, kProxyScheme), kProxyExample);
  }
  return WithExample(Refuse("it must start with http://"), kProxyExample);
}

std::string ProxyWithLogin(const BrokerUrl& proxy, const std::string& user,
                           const std::string& password) {
  const auto encoded = [](const std::string& text) {
    std::string out;
    for (const char c : text) {
      if (IsAlphanumeric(c)) {
        out.push_back(c);
      } else {
        out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
      }
    }
    return out;
  };
  const std::string login = user.empty() ? "" : encoded(user) + ":" + encoded(password) + "@";
  return "http://" + login + HostAndPort(proxy);
}

std::string HostAndPort(const BrokerUrl& url) {
  const bool six = url.host.find(':') != std::string::npos;
  return fmt::format("{}:{}", six ? "[" + url.host + "]" : url.host, url.port);
}

}  // namespace tillrelay::mqtt
