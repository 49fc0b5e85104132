#include "collector/sinks/webhook_signature.h"

#include <optional>

#include "common/base/digest.h"

namespace tillrelay::collector {
namespace {

constexpr std::string_view kPrefix = "whsec_", kBlanks = " \t\r\n";
constexpr size_t kLeastKey = 24, kMostKey = 64, kMostKeys = 4;

int ValueOf(char c) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const size_t at = kDigits.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

// RFC 4648, 4. Whatever would not be written so again is refused.
std::optional<std::string> FromBase64(std::string_view text) {
  std::string bytes;
  uint32_t bits = 0;
  int held = 0;
  for (const char c : text.substr(0, text.find('='))) {
    const int value = ValueOf(c);
    if (value < 0) return std::nullopt;
    bits = (bits << 6) | static_cast<uint32_t>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes += static_cast<char>((bits >> held) & 0xff);
  }
  return ToBase64(bytes) == text ? std::optional(bytes) : std::nullopt;
}

}  // namespace

Result<std::vector<std::string>> ReadWebhookSecrets(std::string_view text) {
  std::vector<std::string> keys;
  for (size_t at = text.find_first_not_of(kBlanks); at != std::string_view::npos;
       at = text.find_first_not_of(kBlanks, at)) {
    std::string_view word = text.substr(at, text.find_first_of(kBlanks, at) - at);
    at += word.size();
    if (!word.starts_with(kPrefix)) return Invalid("a secret begins with whsec_");
    word.remove_prefix(kPrefix.size());
    const auto key = FromBase64(word);
    if (!key) return Invalid("behind whsec_ stands a key in base64");
    if (key->size() < kLeastKey || key->size() > kMostKey) {
      return Invalid("a key has 24 to 64 bytes: openssl rand -base64 32 makes one");
    }
    keys.push_back(*key);
  }
  if (keys.empty()) return Invalid("there is no secret; it begins with whsec_");
  if (keys.size() > kMostKeys) return Invalid("at most 4 secrets");
  return keys;
}

std::string WebhookSignature(const std::vector<std::string>& keys, std::string_view id,
                             int64_t timestamp_s, std::string_view body) {
  std::string content(id), signature;
  content.append(".").append(std::to_string(timestamp_s)).append(".").append(body);
  for (const std::string& key : keys) {
    signature.append(signature.empty() ? "v1," : " v1,");
    signature += ToBase64(BytesOf(HmacSha256(key, content)));
  }
  return signature;
}

}  // namespace tillrelay::collector
