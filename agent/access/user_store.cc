#include "agent/access/user_store.h"

#include <algorithm>

#include "agent/access/password.h"
#include "common/base/secret_token.h"
#include "common/base/text.h"
#include "common/event/time_text.h"

namespace tillrelay::access {
namespace {

constexpr struct {
  Role role;
  std::string_view word;
} kRoles[] = {{Role::kMetrics, "metrics"}, {Role::kView, "view"}, {Role::kOperate, "operate"}};

Status Damaged(const char* what) { return Corrupt(std::string("in it is a damaged ") + what); }

Result<User> ParseUser(JsonValue value) {
  User user;
  user.name = value.String("name");
  user.password = value.String("password");
  const auto role = RoleNamed(value.String("role"));
  if (!IsName(user.name) || !role || !IsPasswordHash(user.password)) return Damaged("user");
  user.role = *role;
  return user;
}

Result<ApiToken> ParseToken(JsonValue value) {
  ApiToken token;
  token.name = value.String("name");
  token.created_at = value.String("created_at");
  const auto role = RoleNamed(value.String("role"));
  if (!IsName(token.name) || !role ||
      !FromHex(value.String("sha256"), token.digest.data(), token.digest.size())) {
    return Damaged("token");
  }
  token.id = SecretTokenId(token.digest);
  token.role = *role;
  return token;
}

}  // namespace

std::string_view RoleWord(Role role) {
  for (const auto& known : kRoles) {
    if (known.role == role) return known.word;
  }
  return "";
}

std::optional<Role> RoleNamed(std::string_view word) {
  for (const auto& known : kRoles) {
    if (known.word == word) return known.role;
  }
  return std::nullopt;
}

Result<std::unique_ptr<UserStore>> UserStore::Open(std::string path, const Clock* clock,
                                                   Random* random) {
  std::unique_ptr<UserStore> store(new UserStore(std::move(path), clock, random));
  TRY(store->file_.Open(clock->Wall()));
  return store;
}

Result<UserStore::Content> UserStore::Parse(JsonValue root) {
  if (!root.Find("users").is_array() || !root.Find("tokens").is_array()) {
    return Corrupt("users or tokens are missing");
  }
  Content content;
  for (const JsonValue value : root.Find("users")) {
    auto user = ParseUser(value);
    if (!user.ok()) return std::move(user).status();
    content.users.push_back(*std::move(user));
  }
  for (const JsonValue value : root.Find("tokens")) {
    auto token = ParseToken(value);
    if (!token.ok()) return std::move(token).status();
    content.tokens.push_back(*std::move(token));
  }
  return content;
}

void UserStore::Write(const Content& content, JsonWriter* json) {
  json->Key("users").BeginArray();
  for (const User& user : content.users) {
    json->BeginObject().Field("name", user.name).Field("role", RoleWord(user.role));
    json->Field("password", user.password).EndObject();
  }
  json->EndArray().Key("tokens").BeginArray();
  for (const ApiToken& token : content.tokens) {
    json->BeginObject().Field("name", token.name).Field("role", RoleWord(token.role));
    json->Field("sha256", ToHex(BytesOf(token.digest)));
    json->Field("created_at", token.created_at).EndObject();
  }
  json->EndArray();
}

std::optional<User> UserStore::FindUser(std::string_view name) const {
  return file_.Read([name](const Content& content) -> std::optional<User> {
    for (const User& user : content.users) {
      if (user.name == name) return user;
    }
    return std::nullopt;
  });
}

std::optional<ApiToken> UserStore::FindToken(std::string_view secret) {
  const Sha256Digest digest = Sha256(secret);
  const WallTime now = clock_.Wall();
  return file_.Change([&](Content& content) -> std::optional<ApiToken> {
    for (ApiToken& token : content.tokens) {
      if (token.digest != digest) continue;
      token.last_used_at = now;
      return token;
    }
    return std::nullopt;
  });
}

std::vector<ApiToken> UserStore::Tokens() const { return file_.Copy().tokens; }
std::vector<User> UserStore::Users() const { return file_.Copy().users; }

bool UserStore::empty() const {
  return file_.Read([](const Content& c) { return c.users.empty() && c.tokens.empty(); });
}

bool UserStore::has_users() const {
  return file_.Read([](const Content& c) { return !c.users.empty(); });
}

Status UserStore::SetUser(User user) {
  Content content = file_.Copy();
  const auto same = std::find_if(content.users.begin(), content.users.end(),
                                 [&user](const User& known) { return known.name == user.name; });
  if (same != content.users.end()) {
    *same = std::move(user);
  } else if (content.users.size() >= kMaxUsers) {
    return Full("there are too many users; remove some first");
  } else {
    content.users.push_back(std::move(user));
  }
  return file_.Replace(std::move(content));
}

Status UserStore::RemoveUser(std::string_view name) {
  Content content = file_.Copy();
  if (std::erase_if(content.users, [name](const User& user) { return user.name == name; }) == 0) {
    return NotFound("there is no such user");
  }
  return file_.Replace(std::move(content));
}

Result<UserStore::Issued> UserStore::AddToken(std::string name, Role role) {
  Content content = file_.Copy();
  if (content.tokens.size() >= kMaxTokens) return Full("there are too many; remove some first");
  Issued issued;
  issued.secret = NewSecretToken(kPrefix, &random_);
  ApiToken& token = issued.token;
  token.digest = Sha256(issued.secret);
  token.id = SecretTokenId(token.digest);
  token.name = std::move(name);
  token.role = role;
  token.created_at = event::UtcText(clock_.Wall());
  content.tokens.push_back(token);
  TRY(file_.Replace(std::move(content)));
  return issued;
}

Result<ApiToken> UserStore::RemoveToken(std::string_view id) {
  Content content = file_.Copy();
  const auto it = std::find_if(content.tokens.begin(), content.tokens.end(),
                               [id](const ApiToken& token) { return token.id == id; });
  if (it == content.tokens.end()) return NotFound("there is no such token");
  ApiToken removed = *it;
  content.tokens.erase(it);
  TRY(file_.Replace(std::move(content)));
  return removed;
}

}  // namespace tillrelay::access
