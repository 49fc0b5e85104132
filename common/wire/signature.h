// What: the signature of a confirmation, so that only head office can say that it has events:
//   Ed25519 (RFC 8032) over the fields that count, docs/wire.md.
// Promise: what is verified is what was read: the text is made from the values, not from the bytes
//   that came.
// Thread: any.
// Errors: invalid where a file is no Ed25519 private key in PEM.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/wire/control.h"

namespace tillrelay::wire {

using PublicKey = std::array<uint8_t, 32>;

// 64 hex digits, as messages and settings name it.
std::string KeyText(const PublicKey& key);
std::optional<PublicKey> ParseKey(std::string_view text);

class SigningKey {
 public:
  // PKCS #8 in PEM, as `openssl genpkey -algorithm ed25519` writes it.
  static Result<SigningKey> FromPem(const std::string& pem);
  static std::string NewPem();
  const PublicKey& public_key() const { return public_key_; }
  // Sets `kid` and `sig`.
  void Sign(Confirm* confirm) const;

 private:
  explicit SigningKey(std::shared_ptr<void> key, const PublicKey& public_key)
      : key_(std::move(key)), public_key_(public_key) {}
  std::shared_ptr<void> key_;  // OpenSSL's
  PublicKey public_key_;
};

// What is signed; a line each.
std::string SignedText(const Confirm& confirm);

// Whether `kid`'s owner has signed it. False also without a signature.
bool IsSigned(const Confirm& confirm);

}  // namespace tillrelay::wire
