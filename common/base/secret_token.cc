#include "common/base/secret_token.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "common/base/files.h"

namespace tillrelay {
namespace {
constexpr size_t kIdDigits = 12;
}  // namespace

std::string NewSecretToken(std::string_view prefix, Random* random) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz234567";
  std::array<uint8_t, 32> bytes;
  random->Fill(bytes);
  std::string secret(prefix);
  for (const uint8_t byte : bytes) secret.push_back(kLetters[byte % kLetters.size()]);
  return secret;
}

std::string NewSecretKey(Random* random) {
  std::array<uint8_t, 16> bytes;
  random->Fill(bytes);
  return ToHex(BytesOf(bytes));
}

std::string SecretTokenId(const Sha256Digest& digest) {
  return ToHex(BytesOf(digest)).substr(0, kIdDigits);
}

bool EqualSecrets(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  return difference == 0;
}

Result<std::string> PutDamagedAside(const std::string& path, WallTime now) {
  std::string aside =
      fmt::format("{}.damaged-{}", path, now.time_since_epoch() / std::chrono::seconds(1));
  if (rename(path.c_str(), aside.c_str()) == 0) return aside;
  return Unavailable("put aside " + path + ": " + ErrnoText(errno));
}

}  // namespace tillrelay
