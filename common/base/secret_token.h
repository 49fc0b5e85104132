// What: tokens of 160 random bits, what people call them, and putting a damaged book of them aside.
// Promise: a token is kept as its SHA-256 only: with 160 random bits there is nothing to guess, so
// a
//   slow password hash would only cost time on every request.
// Thread: any.
#pragma once

#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/random.h"
#include "common/base/status.h"

namespace tillrelay {

// `prefix` and 32 letters: RFC 4648's base 32 in lower case.
std::string NewSecretToken(std::string_view prefix, Random* random);
// 128 random bits in hex.
std::string NewSecretKey(Random* random);
// The first 12 hex digits of its hash.
std::string SecretTokenId(const Sha256Digest& digest);
// Takes the same time wherever two texts of one length differ.
bool EqualSecrets(std::string_view a, std::string_view b);

// Renames `path` to *.damaged-<time>, so that an empty book can begin; unavailable if it cannot.
Result<std::string> PutDamagedAside(const std::string& path, WallTime now);

}  // namespace tillrelay
