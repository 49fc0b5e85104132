// What: who may sign in with a password and which API tokens there are. In memory, and in one file.
// Promise: a change is durable before it is told, and from then on in force. The file holds hashes
//   only. A damaged one is put aside as *.damaged-<time> and the book is empty: nobody can sign in
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
#include "common/base/mutex.h"
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
  struct Content {
    std::vector<User> users;
    std::vector<ApiToken> tokens;
  };
  UserStore(std::string path, const Clock* clock, Random* random)
      : path_(std::move(path)), clock_(*clock), random_(*random) {}
  Status Read();
  static Result<Content> Parse(std::string bytes);
  // Writes it, then puts it in force.
  Status Replace(Content content);
  Content Copy() const;

  const std::string path_;
  const Clock& clock_;
  Random& random_;
  mutable Mutex mutex_;
  // Guarded by mutex_:
  Content content_ GUARDED_BY(mutex_);
};

}  // namespace tillrelay::access
