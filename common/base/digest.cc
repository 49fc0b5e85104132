#include "common/base/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <memory>

#include "common/base/check.h"

namespace tillrelay {
namespace {

// One context per thread: fetching an algorithm costs more than hashing a receipt.
class Hasher {
 public:
  explicit Hasher(const char* algorithm)
      : md_(EVP_MD_fetch(nullptr, algorithm, nullptr)), context_(EVP_MD_CTX_new()) {
    CHECK(md_ != nullptr && context_ != nullptr);
  }
  ~Hasher() {
    EVP_MD_CTX_free(context_);
    EVP_MD_free(md_);
  }
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  void Run(std::string_view first, std::string_view second, uint8_t* out) {
    CHECK(EVP_DigestInit_ex2(context_, md_, nullptr) == 1);
    CHECK(EVP_DigestUpdate(context_, first.data(), first.size()) == 1);
    CHECK(EVP_DigestUpdate(context_, second.data(), second.size()) == 1);
    CHECK(EVP_DigestFinal_ex(context_, out, nullptr) == 1);
  }

 private:
  EVP_MD* md_;
  EVP_MD_CTX* context_;
};

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Sha256Digest Sha256(std::string_view bytes) {
  thread_local Hasher hasher("SHA256");
  Sha256Digest digest;
  hasher.Run(bytes, {}, digest.data());
  return digest;
}

Sha256Digest HmacSha256(std::string_view key, std::string_view bytes) {
  Sha256Digest digest;
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), data, bytes.size(),
             digest.data(), nullptr) != nullptr);
  return digest;
}

Uuid UuidV5(const Uuid& name_space, std::string_view name) {
  thread_local Hasher hasher("SHA1");
  std::array<uint8_t, 20> digest;
  hasher.Run(BytesOf(name_space), name, digest.data());
  Uuid uuid;
  std::copy_n(digest.begin(), uuid.size(), uuid.begin());
  uuid[6] = static_cast<uint8_t>((uuid[6] & 0x0f) | 0x50);
  uuid[8] = static_cast<uint8_t>((uuid[8] & 0x3f) | 0x80);
  return uuid;
}

std::string ToBase64(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // OpenSSL ends it with a zero
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  out.resize(static_cast<size_t>(size));
  return out;
}

std::string ToHex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex(bytes.size() * 2, '0');
  for (size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<uint8_t>(bytes[i]);
    hex[2 * i] = kDigits[byte >> 4];
    hex[2 * i + 1] = kDigits[byte & 15];
  }
  return hex;
}

bool FromHex(std::string_view hex, uint8_t* out, size_t out_size) {
  if (hex.size() != out_size * 2) return false;
  for (size_t i = 0; i < out_size; ++i) {
    const int high = HexValue(hex[2 * i]);
    const int low = HexValue(hex[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<uint8_t>(high * 16 + low);
  }
  return true;
}

std::string UuidText(const Uuid& uuid) {
  std::string text = ToHex(BytesOf(uuid));
  for (const size_t at : {20u, 16u, 12u, 8u}) text.insert(at, 1, '-');
  return text;
}

bool ParseUuid(std::string_view text, Uuid* out) {
  if (text.size() != 36) return false;
  std::string hex;
  hex.reserve(32);
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash != (text[i] == '-')) return false;
    if (!dash) hex += text[i];
  }
  return FromHex(hex, out->data(), out->size());
}

}  // namespace tillrelay
