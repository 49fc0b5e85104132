#include "agent/access/password.h"

#include <argon2.h>

#include <array>

namespace tillrelay::access {
namespace {

constexpr uint32_t kPasses = 2;
constexpr uint32_t kMemoryKiB = 19 * 1024;
constexpr uint32_t kLanes = 1;
constexpr size_t kSaltBytes = 16, kHashBytes = 32;
constexpr std::string_view kStart = "$argon2id$v=19$m=19456,t=2,p=1$";
// Of a password that nobody knows: random bytes as its hash.
constexpr const char* kNobody =
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$"
    "9vJ2m4zZ3m1mO5l3bq6m6Qv0h1sV0kq3b8p7WqkYt1A";

}  // namespace

bool IsPasswordHash(std::string_view encoded) {
  return encoded.starts_with(kStart) && encoded.size() < 256;
}

Result<std::string> HashPassword(std::string_view password, Random* random) {
  std::array<uint8_t, kSaltBytes> salt;
  random->Fill(salt);
  std::string encoded(
      argon2_encodedlen(kPasses, kMemoryKiB, kLanes, kSaltBytes, kHashBytes, Argon2_id), '\0');
  const int error =
      argon2id_hash_encoded(kPasses, kMemoryKiB, kLanes, password.data(), password.size(),
                            salt.data(), salt.size(), kHashBytes, encoded.data(), encoded.size());
  if (error != ARGON2_OK) {
    return Unavailable(std::string("hash the password: ") + argon2_error_message(error));
  }
  encoded.resize(encoded.find('\0'));
  return encoded;
}

bool PasswordFits(std::string_view password, const std::string& encoded) {
  const bool known = IsPasswordHash(encoded);
  const int answer =
      argon2id_verify(known ? encoded.c_str() : kNobody, password.data(), password.size());
  return known && answer == ARGON2_OK;
}

}  // namespace tillrelay::access
