// What: who may send to the intake, asked when a request's head is there and no byte of its body.
// Promise: a refusal is a problem document with a stable type; who is let in is bound to its
//   register by Request::subject. A page of another site always needs a token. Costs one hash and
//   one look-up.
// Thread: http.
// Limits: kMaxCertificates different names are counted for the rate.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>

#include "agent/capture/rate_limit.h"
#include "agent/capture/token_store.h"
#include "common/base/log.h"
#include "common/http/message.h"

namespace tillrelay::capture {

struct IntakeAuthOptions {
  bool require_token = false;
  RateLimit rate{};  // of each token and of each certificate
};

class IntakeAuth {
 public:
  IntakeAuth(IntakeAuthOptions options, TokenStore* tokens, const Clock* clock)
      : options_(options), tokens_(*tokens), clock_(*clock) {}

  // Nothing: let in.
  std::optional<http::Response> Admit(http::Request& request);

 private:
  static constexpr size_t kMaxCertificates = 4096;

  std::optional<http::Response> CheckCertificate(http::Request& request);
  std::optional<http::Response> CheckToken(std::string_view authorization, http::Request& request);
  http::Response Unknown(const http::Request& request);

  const IntakeAuthOptions options_;
  TokenStore& tokens_;
  const Clock& clock_;
  std::unordered_map<std::string, Allowance> certificates_;
  log::RateLimitedLog strangers_{log::Level::kWarning, "capture"};
};

// May one who speaks for `subject` (empty: for any) send what register `register_id` has done?
bool SpeaksFor(std::string_view subject, std::string_view register_id);

}  // namespace tillrelay::capture
