#include "agent/capture/intake_auth.h"

#include <fmt/format.h>

#include "common/base/text.h"
#include "common/event/identity.h"
#include "common/http/request_rules.h"

namespace tillrelay::capture {
namespace {

constexpr std::string_view kBearer = "Bearer ";

http::Response Unauthorized(std::string_view word, std::string_view title,
                            std::string_view challenge) {
  http::Response response =
      http::Problem(401, word, title,
                    "Send Authorization: Bearer TOKEN; tillrelay register add "
                    "makes one");
  response.headers.Add("WWW-Authenticate", challenge);
  return response;
}

http::Response TooMany(Duration wait) {
  http::Response response = http::Problem(429, "too-many-requests", "Too many requests",
                                          "Nothing was stored; send it again later");
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  response.headers.Add("Retry-After", std::to_string(seconds));
  return response;
}

}  // namespace

bool SpeaksFor(std::string_view subject, std::string_view register_id) {
  return subject.empty() || register_id.empty() ||
         event::WithoutLeadingZeros(subject) == event::WithoutLeadingZeros(register_id);
}

std::optional<http::Response> IntakeAuth::Admit(http::Request& request) {
  request.sender = "address " + request.remote;
  if (!request.certificate.empty()) {
    if (auto refusal = CheckCertificate(request)) return refusal;
  }
  const std::string_view authorization = request.Header("Authorization");
  if (!authorization.empty()) return CheckToken(authorization, request);
  if (!options_.require_token && !http::IsFromAnotherSite(request)) return std::nullopt;
  return Unauthorized("no-token", "A token is needed", R"(Bearer realm="tillrelay")");
}

std::optional<http::Response> IntakeAuth::CheckCertificate(http::Request& request) {
  if (!IsName(request.certificate)) {
    return http::Problem(403, "certificate-name", "The certificate names no register",
                         "Its common name must be the register's id: [A-Za-z0-9._-]{1,32}");
  }
  request.known = true;
  request.subject = request.certificate;
  request.sender = "register " + request.subject;
  if (certificates_.size() >= kMaxCertificates) certificates_.clear();
  const Duration wait = certificates_[request.certificate].Take(options_.rate, clock_.Now());
  if (wait.count() > 0) return TooMany(wait);
  return std::nullopt;
}

std::optional<http::Response> IntakeAuth::CheckToken(std::string_view authorization,
                                                     http::Request& request) {
  if (!http::EqualsIgnoringCase(authorization.substr(0, kBearer.size()), kBearer)) {
    return Unknown(request);
  }
  const auto verdict = tokens_.Check(authorization.substr(kBearer.size()), options_.rate);
  if (!verdict) return Unknown(request);
  request.known = true;
  if (verdict->wait.count() > 0) return TooMany(verdict->wait);
  if (!SpeaksFor(request.subject, verdict->register_id)) {
    return http::Problem(403, "not-this-register", "This token belongs to another register",
                         "Certificate and token must name the same register");
  }
  if (!verdict->register_id.empty()) request.subject = verdict->register_id;
  request.sender = request.subject.empty() ? "token " + verdict->id : "register " + request.subject;
  return std::nullopt;
}

http::Response IntakeAuth::Unknown(const http::Request& request) {
  strangers_.Report(fmt::format("a token that is not known was refused from {}", request.remote),
                    clock_.Now());
  return Unauthorized("unknown-token", "This token is not known",
                      R"(Bearer realm="tillrelay", error="invalid_token")");
}

}  // namespace tillrelay::capture
