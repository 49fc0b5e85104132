#include "collector/web/api_access.h"

#include <algorithm>

namespace tillrelay::collector {
namespace {

constexpr size_t kMaxGuessers = 1000;

http::Response TooMany(Duration wait, std::string_view whose) {
  http::Response refused = http::Problem(429, "too-many-requests", "Too many requests", whose);
  const auto left_s = std::chrono::ceil<std::chrono::seconds>(wait).count();
  refused.headers.Add("Retry-After", std::to_string(std::max<int64_t>(left_s, 1)));
  return refused;
}

}  // namespace

Duration ApiAccess::Rate::Take(int64_t per_minute, Instant now) {
  const Duration interval = Duration(std::chrono::minutes(1)) / per_minute;
  const Instant start = std::max(used_until_, now);
  const int64_t burst = std::max<int64_t>(per_minute / 10, 1);
  const Duration over = start + interval - now - interval * burst;
  if (over.count() > 0) return over;
  used_until_ = start + interval;
  return Duration(0);
}

ApiAccess::ApiAccess(const Clock* clock, std::vector<ApiToken> tokens) : clock_(*clock) {
  Lock lock(mutex_);
  for (ApiToken& token : tokens) {
    Known known;
    known.digest = Sha256(token.secret);
    token.secret.clear();
    known.token = std::move(token);
    tokens_.push_back(std::move(known));
  }
}

std::optional<http::Response> ApiAccess::Guessed(const http::Request& request) {
  Lock lock(mutex_);
  if (guesses_.size() >= kMaxGuessers && !guesses_.contains(request.remote)) guesses_.clear();
  const Duration wait = guesses_[request.remote].Take(kGuessesPerMinute, clock_.Now());
  if (wait.count() > 0) return TooMany(wait, "wrong tokens from this address");
  http::Response refused = http::Problem(401, "token", "A token is needed");
  refused.headers.Add("WWW-Authenticate", "Bearer");
  return refused;
}

std::optional<http::Response> ApiAccess::Check(http::Request& request,
                                               const std::vector<std::string_view>& scopes) {
  constexpr std::string_view kBearer = "Bearer ";
  const std::string_view header = request.Header("Authorization");
  const bool bearer = header.starts_with(kBearer);
  const Sha256Digest digest = Sha256(bearer ? header.substr(kBearer.size()) : "");
  {
    Lock lock(mutex_);
    if (tokens_.empty()) return std::nullopt;
    const auto known = std::find_if(tokens_.begin(), tokens_.end(), [&](const Known& token) {
      return bearer && token.digest == digest;
    });
    if (known != tokens_.end()) {
      const ApiToken& token = known->token;
      const Duration wait = known->rate.Take(token.per_minute, clock_.Now());
      if (wait.count() > 0) return TooMany(wait, "of this token");
      const bool may = std::any_of(scopes.begin(), scopes.end(), [&](std::string_view scope) {
        return token.scopes.contains(scope);
      });
      if (!may) {
        return http::Problem(403, "not-allowed", "This token may not ask that",
                             "its scopes do not name it");
      }
      request.subject = token.name;
      return std::nullopt;
    }
  }
  return Guessed(request);
}

bool ApiAccess::Has(const http::Request& request, std::string_view scope) const {
  Lock lock(mutex_);
  if (tokens_.empty()) return true;
  return std::any_of(tokens_.begin(), tokens_.end(), [&](const Known& known) {
    return known.token.name == request.subject && known.token.scopes.contains(scope);
  });
}

}  // namespace tillrelay::collector
