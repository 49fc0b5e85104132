#include "agent/capture/token_store.h"

#include <algorithm>
#include <tuple>

#include "common/base/files.h"
#include "common/base/json_reader.h"
#include "common/base/json_writer.h"
#include "common/base/log.h"
#include "common/base/secret_token.h"
#include "common/base/text.h"
#include "common/event/time_text.h"

namespace tillrelay::capture {
namespace {

constexpr size_t kMaxFileBytes = 4 * 1024 * 1024;
constexpr unsigned kMode = 0600;

}  // namespace

Result<std::unique_ptr<TokenStore>> TokenStore::Open(std::string path, const Clock* clock,
                                                     Random* random) {
  std::unique_ptr<TokenStore> book(new TokenStore(std::move(path), clock, random));
  Status read = book->Read();
  if (read.code() == Code::kCorrupt) read = book->PutAside(read);
  if (!read.ok()) return read;
  return book;
}

Status TokenStore::PutAside(const Status& why) const {
  const auto aside = PutDamagedAside(path_, clock_.Wall());
  if (!aside.ok()) return aside.status();
  log::Error("capture", "{}; it is kept as {}, and until tokens are added again none is known",
             why.message(), *aside);
  return Status::Ok();
}

Status TokenStore::Read() {
  auto bytes = ReadFile(path_, kMaxFileBytes);
  if (!bytes.ok() && bytes.status().code() == Code::kNotFound) return Status::Ok();
  if (!bytes.ok()) return std::move(bytes).status();
  JsonParser parser;
  auto root = parser.Parse(*bytes);
  if (!root.ok()) return Corrupt(path_ + ": " + root.status().message());
  uint64_t version = 0;
  if (!root->Unsigned("v", &version) || version != 1 || !root->Find("tokens").is_array()) {
    return Corrupt(path_ + ": this is no token book of version 1");
  }
  Entries entries;
  for (const JsonValue value : root->Find("tokens")) {
    Sha256Digest digest;
    const std::string register_id(value.String("register"));
    if (!FromHex(value.String("sha256"), digest.data(), digest.size()) ||
        (!register_id.empty() && !IsName(register_id))) {
      return Corrupt(path_ + ": a token in it is damaged");
    }
    Token token{SecretTokenId(digest), register_id, std::string(value.String("created_at")),
                std::nullopt};
    entries.insert_or_assign(digest, Entry{std::move(token), {}});
  }
  Lock lock(mutex_);
  entries_ = std::move(entries);
  return Status::Ok();
}

Status TokenStore::Write(const Entries& entries) const {
  std::string text;
  JsonWriter json(&text);
  json.BeginObject().Field("v", 1).Key("tokens").BeginArray();
  for (const auto& [digest, entry] : entries) {
    json.BeginObject().Field("sha256", ToHex(BytesOf(digest)));
    if (!entry.token.register_id.empty()) json.Field("register", entry.token.register_id);
    json.Field("created_at", entry.token.created_at).EndObject();
  }
  json.EndArray().EndObject();
  return WriteFileDurably(path_, text + "\n", kMode);
}

TokenStore::Entries TokenStore::Copy() const {
  Lock lock(mutex_);
  return entries_;
}

Result<TokenStore::Issued> TokenStore::Add(std::string register_id) {
  Issued issued;
  issued.secret = NewSecretToken(kPrefix, &random_);
  const Sha256Digest digest = Sha256(issued.secret);
  issued.token = {SecretTokenId(digest), std::move(register_id), event::UtcText(clock_.Wall()),
                  std::nullopt};
  const Entry entry{issued.token, {}};
  Entries entries = Copy();
  if (entries.size() >= kMaxTokens) return Full("there are too many tokens; remove some first");
  entries.emplace(digest, entry);
  TRY(Write(entries));
  Lock lock(mutex_);
  entries_.emplace(digest, entry);
  return issued;
}

Result<Token> TokenStore::Remove(std::string_view id) {
  Entries entries = Copy();
  const auto it = std::find_if(entries.begin(), entries.end(),
                               [id](const auto& pair) { return pair.second.token.id == id; });
  if (it == entries.end()) return NotFound("there is no such token");
  const Sha256Digest digest = it->first;
  const Token token = it->second.token;
  entries.erase(it);
  TRY(Write(entries));
  Lock lock(mutex_);
  entries_.erase(digest);
  return token;
}

std::vector<Token> TokenStore::List() const {
  std::vector<Token> tokens;
  for (auto& [digest, entry] : Copy()) tokens.push_back(entry.token);
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
  Lock lock(mutex_);
  const auto it = entries_.find(digest);
  if (it == entries_.end()) return std::nullopt;
  it->second.token.last_used_at = clock_.Wall();
  const Token& token = it->second.token;
  return Verdict{token.id, token.register_id, it->second.allowance.Take(limit, now)};
}

}  // namespace tillrelay::capture
