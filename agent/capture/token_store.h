// What: the registers' tokens: who may send, and for which register. In memory, and in one file.
// Promise: a token is durable before its secret is told, and its end is durable before it is told;
//   from then on it is refused. The file holds no secret, only SHA-256 of it: with 160 random bits
//   there is nothing to guess, so a slow password hash would only cost time on every request.
// Thread: Check and List any; Add and Remove one thread, they wait for the disk.
// Errors: Open: unavailable. Add: full, and the disk's own. Remove: not found, and the disk's own.
// Limits: kMaxTokens.
#pragma once

#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agent/capture/rate_limit.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/durable_content.h"
#include "common/base/random.h"
#include "common/base/status.h"

namespace tillrelay::capture {

struct Token {
  std::string id;                        // what people call it: the first 12 hex digits of its hash
  std::string register_id;               // empty: it may speak for any register
  std::string created_at;                // RFC 3339, UTC
  std::optional<WallTime> last_used_at;  // since this process started
};

class TokenStore {
 public:
  static constexpr size_t kMaxTokens = 4096;
  static constexpr std::string_view kPrefix = "trt_";

  // An absent file is an empty store. A damaged one is put aside as *.damaged-<time>, and the store
  // is empty: what comes without a token, and the drop folder, must not stop for it.
  static Result<std::unique_ptr<TokenStore>> Open(std::string path, const Clock* clock,
                                                  Random* random);

  struct Issued {
    Token token;
    std::string secret;  // told once, kept nowhere
  };
  Result<Issued> Add(std::string register_id);
  // The token that was removed; not found.
  Result<Token> Remove(std::string_view id);
  std::vector<Token> List() const;  // by register, then by age

  struct Verdict {
    std::string id, register_id;  // of the token; no register: it may speak for any
    Duration wait{0};             // more than 0: too many requests
  };
  // Nothing for a token that is not in the store.
  std::optional<Verdict> Check(std::string_view secret, const RateLimit& limit);

 private:
  struct Entry {
    Token token;
    Allowance allowance;
  };
  struct FirstBytes {  // the hash of a hash
    size_t operator()(const Sha256Digest& digest) const {
      size_t value;
      std::memcpy(&value, digest.data(), sizeof value);
      return value;
    }
  };
  using Entries = std::unordered_map<Sha256Digest, Entry, FirstBytes>;

  static constexpr size_t kMaxFileBytes = 4 * 1024 * 1024;

  TokenStore(std::string path, const Clock* clock, Random* random)
      : clock_(*clock),
        random_(*random),
        file_(std::move(path), {kMaxFileBytes, "capture",
                                "until tokens are added again none is known", Parse, Write}) {}
  static Result<Entries> Parse(JsonValue root);
  static void Write(const Entries& entries, JsonWriter* json);

  const Clock& clock_;
  Random& random_;
  DurableContent<Entries> file_;
};

}  // namespace tillrelay::capture
