// What: argon2id of a password, and whether a password fits one.
// Promise: 19 MiB and 2 passes (OWASP's minimum); the work is the same for a hash that is none.
// Thread: any; it takes some 30 ms and 19 MiB: one at a time, never the http thread.
// Errors: unavailable (no memory).
#pragma once

#include <string>
#include <string_view>

#include "common/base/random.h"
#include "common/base/status.h"

namespace tillrelay::access {

inline constexpr size_t kMinPassword = 10, kMaxPassword = 1024;  // bytes

// The encoded form: "$argon2id$v=19$m=19456,t=2,p=1$salt$hash".
Result<std::string> HashPassword(std::string_view password, Random* random);
// `encoded` empty: there is no such user; the work is done nevertheless.
bool PasswordFits(std::string_view password, const std::string& encoded);
// Does it look like what HashPassword makes?
bool IsPasswordHash(std::string_view encoded);

}  // namespace tillrelay::access
