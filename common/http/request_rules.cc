#include "common/http/request_rules.h"

#include <algorithm>

#include "common/base/text.h"

namespace tillrelay::http {
namespace {

Response Closing(Response response) {
  response.close = true;
  return response;
}

bool IsKnownMethod(std::string_view method) {
  static constexpr std::string_view kKnown[] = {"GET",    "HEAD",  "POST",   "PUT",
                                                "DELETE", "PATCH", "OPTIONS"};
  return std::find(std::begin(kKnown), std::end(kKnown), method) != std::end(kKnown);
}

bool IsSafe(std::string_view method) { return method == "GET" || method == "HEAD"; }

bool HasDotSegment(std::string_view decoded) {
  while (!decoded.empty()) {
    const size_t end = std::min(decoded.find_first_of("/\\"), decoded.size());
    const std::string_view segment = decoded.substr(0, end);
    if (segment == "." || segment == "..") return true;
    decoded.remove_prefix(std::min(decoded.size(), end + 1));
  }
  return false;
}

std::optional<Response> CheckHost(const Request& request,
                                  const std::vector<std::string>& allowed_hosts) {
  const size_t count = request.headers.Count("Host");
  if (count != 1) {
    return Closing(Problem(400, "host-required", "A request needs exactly one Host header"));
  }
  const auto name = HostName(request.Header("Host"));
  if (!name) return Closing(Problem(400, "bad-host", "The Host header is not well-formed"));
  if (std::find(allowed_hosts.begin(), allowed_hosts.end(), *name) == allowed_hosts.end()) {
    return Closing(Problem(421, "foreign-host", "This server does not answer to that name",
                           "Add the name to allowed_hosts if it is yours."));
  }
  return std::nullopt;
}

std::optional<Response> CheckLength(const Request& request, bool http_1_0) {
  const size_t lengths = request.headers.Count("Content-Length");
  const size_t encodings = request.headers.Count("Transfer-Encoding");
  const std::string_view length = request.Header("Content-Length");
  const bool clear = lengths + encodings <= 1 && (lengths == 0 || AllDigits(length)) &&
                     (encodings == 0 || !http_1_0);
  if (!clear) {
    return Closing(Problem(400, "bad-length", "The length of the body is not clear"));
  }
  if (encodings == 1 && !EqualsIgnoringCase(request.Header("Transfer-Encoding"), "chunked")) {
    return Closing(Problem(501, "unknown-transfer-encoding", "Only chunked is understood"));
  }
  return std::nullopt;
}

std::optional<Response> CheckEncodings(const Request& request) {
  const std::string_view encoding = request.Header("Content-Encoding");
  if (!encoding.empty() && !EqualsIgnoringCase(encoding, "identity")) {
    Response response = Problem(415, "content-encoding", "Compressed bodies are not taken");
    response.headers.Add("Accept-Encoding", "identity");
    return Closing(std::move(response));
  }
  const std::string_view expectation = request.Header("Expect");
  if (!expectation.empty() && !EqualsIgnoringCase(expectation, "100-continue")) {
    return Closing(Problem(417, "unknown-expectation", "Only 100-continue is understood"));
  }
  return std::nullopt;
}

// A browser names where a changing request comes from; only pages of this server, and of the
// allowed origins, may send one.
std::optional<Response> CheckOrigin(const Request& request,
                                    const std::vector<std::string>& allowed_origins) {
  const bool preflight = request.method == "OPTIONS" && request.headers.Count("Origin") > 0;
  if (!preflight && (IsSafe(request.method) || !IsFromAnotherSite(request))) return std::nullopt;
  if (!ReadableBy(request, allowed_origins).empty()) return std::nullopt;
  return Closing(Problem(403, "cross-site", "Requests from other sites are refused"));
}

}  // namespace

bool SplitTarget(Request& request) {
  std::string_view target = request.target;
  for (const std::string_view scheme : {"http://", "https://"}) {  // RFC 9112, 3.2.2
    if (!EqualsIgnoringCase(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    target.remove_prefix(std::min(target.find('/'), target.size()));
  }
  if (target.empty() || target.front() != '/') return false;
  for (const char c : target) {
    if (c <= 0x20 || c == 0x7f || c == '#') return false;  // bytes beyond ASCII are negative
  }
  const size_t question = target.find('?');
  const std::string_view path = target.substr(0, question);
  const auto decoded = PercentDecode(path);
  if (!decoded || HasDotSegment(*decoded)) return false;
  request.path = path;
  request.query = question == std::string_view::npos ? "" : target.substr(question + 1);
  return true;
}

std::optional<std::string> HostName(std::string_view value) {
  std::string_view name = value;
  std::string_view port;
  if (name.starts_with('[')) {
    const size_t end = name.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    port = name.substr(end + 1);
    name = name.substr(1, end - 1);
  } else if (const size_t colon = name.find(':'); colon != std::string_view::npos) {
    port = name.substr(colon);
    name = name.substr(0, colon);
  }
  if (!port.empty() && (port.front() != ':' || (port.size() > 1 && !AllDigits(port.substr(1))))) {
    return std::nullopt;
  }
  if (name.empty()) return std::nullopt;
  std::string lower;
  for (char c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    const bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                      c == '_' || c == ':';
    if (!fits) return std::nullopt;
    lower.push_back(c);
  }
  if (lower.back() == '.') lower.pop_back();
  return lower;
}

std::optional<Response> CheckHead(const Request& request,
                                  const std::vector<std::string>& allowed_hosts,
                                  const std::vector<std::string>& allowed_origins, bool http_1_0) {
  if (auto refusal = CheckHost(request, allowed_hosts)) return refusal;
  if (auto refusal = CheckLength(request, http_1_0)) return refusal;
  if (!IsKnownMethod(request.method)) {
    return Closing(Problem(501, "unknown-method", "This method is not known"));
  }
  if (auto refusal = CheckEncodings(request)) return refusal;
  return CheckOrigin(request, allowed_origins);
}

bool WantsHtml(const Request& request) {
  return request.Header("Accept").find("text/html") != std::string_view::npos;
}

bool IsFromAnotherSite(const Request& request) {
  const std::string_view origin = request.Header("Origin");
  const std::string_view host = request.Header("Host");
  const bool same = origin.empty() ||
                    (origin.starts_with("http://") && EqualsIgnoringCase(origin.substr(7), host)) ||
                    (origin.starts_with("https://") && EqualsIgnoringCase(origin.substr(8), host));
  const std::string_view site = request.Header("Sec-Fetch-Site");
  return !same || !(site.empty() || site == "same-origin" || site == "none");
}

std::string_view ReadableBy(const Request& request, const std::vector<std::string>& origins) {
  if (request.headers.Count("Origin") != 1) return "";
  const auto it = std::find(origins.begin(), origins.end(), request.Header("Origin"));
  return it == origins.end() ? std::string_view() : std::string_view(*it);
}

void AddReadableBy(std::string_view origin, Response* response) {
  response->headers.Add("Access-Control-Allow-Origin", origin);
  response->headers.Add("Access-Control-Expose-Headers", "Retry-After");
  response->headers.Add("Vary", "Origin");
}

Response PreflightAnswer(const Request& request) {
  Response response;
  response.status = 204;
  response.headers.Add("Access-Control-Allow-Methods", "POST");
  response.headers.Add("Access-Control-Allow-Headers",
                       "Authorization, Content-Type, Idempotency-Key");
  response.headers.Add("Access-Control-Max-Age", "600");
  if (request.Header("Access-Control-Request-Private-Network") == "true") {
    response.headers.Add("Access-Control-Allow-Private-Network", "true");
  }
  return response;
}

}  // namespace tillrelay::http
