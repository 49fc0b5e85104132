// What: who may sign in with a password and which API tokens there are. In memory, and in one file.
// Promise: a change is durable before it is told, and from then on in force. The file holds hashes
//   only. A damaged one is put aside as *.damaged-<time> and the store is empty: nobody can sign in
//   with a password then, but the service goes on, and a one-time link still works.
// Thread: questions any; changes one thread, they wait for the disk.
// Errors: Open: unavailable. Changes: full, not found, and the disk's own.
// Limits: kMaxUsers, kMaxTokens.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/access/principal.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/durable_content.h"
#include "common/base/random.h"
#include "common/base/status.h"

namespace tillrelay::access {

struct User {
  std::string name;
  Role role = Role::kView;
  std::string password;  // argon2id, encoded
};

struct ApiToken {
  std::string id;    // the first 12 hex digits of its hash
  std::string name;  // what it is for
  Role role = Role::kView;
  std::string created_at;                // RFC 3339, UTC
  std::optional<WallTime> last_used_at;  // since this process started
  Sha256Digest digest{};
};

class UserStore {
 public:
  static constexpr size_t kMaxUsers = 64;
  static constexpr size_t kMaxTokens = 256;
  static constexpr std::string_view kPrefix = "tra_";

  static Result<std::unique_ptr<UserStore>> Open(std::string path, const Clock* clock,
                                                 Random* random);

  std::optional<User> FindUser(std::string_view name) const;
  std::optional<ApiToken> FindToken(std::string_view secret);
  std::vector<ApiToken> Tokens() const;
  std::vector<User> Users() const;
  bool empty() const;
  bool has_users() const;

  // Adds the user or replaces it.
  Status SetUser(User user);
  Status RemoveUser(std::string_view name);
  struct Issued {
    ApiToken token;
    std::string secret;  // told once, kept nowhere
  };
  Result<Issued> AddToken(std::string name, Role role);
  // What was removed.
  Result<ApiToken> RemoveToken(std::string_view id);

 private:
  static constexpr size_t kMaxFileBytes = 1024 * 1024;
  struct Content {
    std::vector<User> users;
    std::vector<ApiToken> tokens;
  };
  UserStore(std::string path, const Clock* clock, Random* random)
      : clock_(*clock),
        random_(*random),
        file_(std::move(path), {kMaxFileBytes, "access",
                                "until passwords are set again nobody has one", Parse, Write}) {}
  static Result<Content> Parse(JsonValue root);
  static void Write(const Content& content, JsonWriter* json);

  const Clock& clock_;
  Random& random_;
  DurableContent<Content> file_;
};

}  // namespace tillrelay::access
