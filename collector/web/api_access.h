// What: who may ask what over HTTP: tokens with scopes, each with its own rate.
// Promise: without any token everybody may (config.h allows that on loopback only). A token opens
//   what its scopes name and nothing else. Secrets are compared by digest, so that the time tells
//   nothing, and never told. Whoever guesses is slowed down.
// Thread: any (one mutex).
// Limits: 1,000 addresses that guess are remembered.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/mutex.h"
#include "common/http/message.h"

namespace tillrelay::collector {

// stock: quantities and what changed them. receipts: what was sold, and the reconciliation.
// operate: the page, stores, metrics, exceptions.
inline constexpr std::string_view kScopeStock = "stock";
inline constexpr std::string_view kScopeReceipts = "receipts";
inline constexpr std::string_view kScopeOperate = "operate";

struct ApiToken {
  std::string name, secret;
  std::set<std::string, std::less<>> scopes;
  int64_t per_minute = 600;
};

class ApiAccess {
 public:
  static constexpr int64_t kGuessesPerMinute = 10;

  ApiAccess(const Clock* clock, std::vector<ApiToken> tokens);

  // The refusal, or nothing: the request may pass, and its `subject` is the token's name.
  // `scopes`: one of them is needed.
  std::optional<http::Response> Check(http::Request& request,
                                      const std::vector<std::string_view>& scopes);
  // Whether the one for whom the request speaks has that scope.
  bool Has(const http::Request& request, std::string_view scope) const;

 private:
  // So many a minute, a tenth of that at once.
  class Rate {
   public:
    // Zero: granted. Else how long to wait.
    Duration Take(int64_t per_minute, Instant now);

   private:
    Instant used_until_{};
  };
  struct Known {
    ApiToken token;
    Sha256Digest digest{};
    Rate rate;
  };
  std::optional<http::Response> Guessed(const http::Request& request);

  const Clock& clock_;
  mutable Mutex mutex_;
  std::vector<Known> tokens_ GUARDED_BY(mutex_);
  std::map<std::string, Rate> guesses_ GUARDED_BY(mutex_);  // by address
};

}  // namespace tillrelay::collector
