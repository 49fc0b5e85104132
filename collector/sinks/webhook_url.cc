#include "collector/sinks/webhook_url.h"

#include <algorithm>
#include <string_view>

#include "common/http/address.h"

namespace tillrelay::collector {
namespace {

constexpr std::string_view kHttps = "https://", kHttp = "http://";

bool IsPlain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

// With the port that is meant where none is named.
Result<http::Address> AddressOf(std::string authority, std::string_view port) {
  if (authority.find('@') != std::string::npos) return Invalid("a login has no place in it");
  const size_t colon = authority.rfind(':');
  const bool named = colon != std::string::npos && !authority.ends_with(']');
  if (!named) authority.append(":").append(port);
  auto address = http::ParseAddress(authority);
  if (!address.ok() || address->is_unix || address->host.empty() || address->port == 0) {
    return Invalid("it names no host, or no port");
  }
  return address;
}

std::string Spelled(const http::Address& address) {
  const bool six = address.host.find(':') != std::string::npos;
  return (six ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

}  // namespace

Result<WebhookUrl> ParseWebhookUrl(const std::string& url) {
  WebhookUrl parsed;
  parsed.tls = url.starts_with(kHttps);
  if (!parsed.tls && !url.starts_with(kHttp)) return Invalid("it must start with https://");
  if (!IsPlain(url) || url.find('#') != std::string::npos) {
    return Invalid("it has characters that no address has; write them percent-encoded");
  }
  const std::string rest = url.substr(parsed.tls ? kHttps.size() : kHttp.size());
  const size_t end = std::min(rest.find_first_of("/?"), rest.size());
  auto address = AddressOf(rest.substr(0, end), parsed.tls ? "443" : "80");
  if (!address.ok()) return std::move(address).status();
  parsed.local = http::IsLocal(*address);
  parsed.address = std::string(parsed.tls ? kHttps : kHttp) + Spelled(*address);
  parsed.shown = parsed.address;
  parsed.target = rest.substr(end);
  if (!parsed.target.starts_with('/')) parsed.target.insert(0, "/");
  return parsed;
}

Result<std::string> ParseWebhookProxy(const std::string& url) {
  constexpr const char* kExample = "write http://host:port, as http://proxy.example:3128";
  if (!url.starts_with(kHttp) || !IsPlain(url)) return Invalid(kExample);
  std::string rest = url.substr(kHttp.size());
  if (rest.ends_with('/')) rest.pop_back();
  if (rest.find_first_of("/?#") != std::string::npos) return Invalid(kExample);
  auto address = AddressOf(rest, "3128");
  if (!address.ok()) return Invalid(kExample);
  return Spelled(*address);
}

}  // namespace tillrelay::collector
