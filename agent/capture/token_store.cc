#include "agent/capture/token_store.h"

#include <algorithm>
#include <tuple>

#include "common/base/secret_token.h"
#include "common/base/text.h"
#include "common/event/time_text.h"

namespace tillrelay::capture {

Result<std::unique_ptr<TokenStore>> TokenStore::Open(std::string path, const Clock* clock,
                                                     Random* random) {
  std::unique_ptr<TokenStore> store(new TokenStore(std::move(path), clock, random));
  TRY(store->file_.Open(clock->Wall()));
  return store;
}

Result<TokenStore::Entries> TokenStore::Parse(JsonValue root) {
  if (!root.Find("tokens").is_array()) return Corrupt("the tokens are missing");
  Entries entries;
  for (const JsonValue value : root.Find("tokens")) {
    Sha256Digest digest;
    const std::string register_id(value.String("register"));
    if (!FromHex(value.String("sha256"), digest.data(), digest.size()) ||
        (!register_id.empty() && !IsName(register_id))) {
      return Corrupt("a token in it is damaged");
    }
    Token token{SecretTokenId(digest), register_id, std::string(value.String("created_at")),
                std::nullopt};
    entries.insert_or_assign(digest, Entry{std::move(token), {}});
  }
  return entries;
}

void TokenStore::Write(const Entries& entries, JsonWriter* json) {
  json->Key("tokens").BeginArray();
  for (const auto& [digest, entry] : entries) {
    json->BeginObject().Field("sha256", ToHex(BytesOf(digest)));
    if (!entry.token.register_id.empty()) json->Field("register", entry.token.register_id);
    json->Field("created_at", entry.token.created_at).EndObject();
  }
  json->EndArray();
}

Result<TokenStore::Issued> TokenStore::Add(std::string register_id) {
  Issued issued;
  issued.secret = NewSecretToken(kPrefix, &random_);
  const Sha256Digest digest = Sha256(issued.secret);
  issued.token = {SecretTokenId(digest), std::move(register_id), event::UtcText(clock_.Wall()),
                  std::nullopt};
  Entries entries = file_.Copy();
  if (entries.size() >= kMaxTokens) return Full("there are too many tokens; remove some first");
  entries.emplace(digest, Entry{issued.token, {}});
  TRY(file_.Replace(std::move(entries)));
  return issued;
}

Result<Token> TokenStore::Remove(std::string_view id) {
  Entries entries = file_.Copy();
  const auto it = std::find_if(entries.begin(), entries.end(),
                               [id](const auto& pair) { return pair.second.token.id == id; });
  if (it == entries.end()) return NotFound("there is no such token");
  const Token token = it->second.token;
  entries.erase(it);
  TRY(file_.Replace(std::move(entries)));
  return token;
}

std::vector<Token> TokenStore::List() const {
  std::vector<Token> tokens;
  for (auto& [digest, entry] : file_.Copy()) tokens.push_back(entry.token);
  std::sort(tokens.begin(), tokens.end(), [](const Token& a, const Token& b) {
    return std::tie(a.register_id, a.created_at, a.id) <
           std::tie(b.register_id, b.created_at, b.id);
  });
  return tokens;
}

std::optional<TokenStore::Verdict> TokenStore::Check(std::string_view secret,
                                                     const RateLimit& limit) {
  const Sha256Digest digest = Sha256(secret);
  const Instant now = clock_.Now();
  return file_.Change([&](Entries& entries) -> std::optional<Verdict> {
    const auto it = entries.find(digest);
    if (it == entries.end()) return std::nullopt;
    it->second.token.last_used_at = clock_.Wall();
    const Token& token = it->second.token;
    return Verdict{token.id, token.register_id, it->second.allowance.Take(limit, now)};
  });
}

}  // namespace tillrelay::capture
