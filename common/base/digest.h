// What: SHA-256 for content identity and chains, SHA-1 only because UUIDv5 is defined by it.
// Thread: any.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace tillrelay {

using Sha256Digest = std::array<uint8_t, 32>;
using Uuid = std::array<uint8_t, 16>;

Sha256Digest Sha256(std::string_view bytes);
// RFC 2104.
Sha256Digest HmacSha256(std::string_view key, std::string_view bytes);

// UUID version 5 (RFC 4122, 4.3): SHA-1 over the name space and the name.
Uuid UuidV5(const Uuid& name_space, std::string_view name);

std::string ToHex(std::string_view bytes);
// RFC 4648, 4.
std::string ToBase64(std::string_view bytes);
// False unless `hex` is exactly twice as long as `out` and lower- or upper-case hex.
bool FromHex(std::string_view hex, uint8_t* out, size_t out_size);

std::string UuidText(const Uuid& uuid);
// False unless `text` is 8-4-4-4-12 hex digits.
bool ParseUuid(std::string_view text, Uuid* out);

template <size_t N>
std::string_view BytesOf(const std::array<uint8_t, N>& array) {
  return {reinterpret_cast<const char*>(array.data()), N};
}

}  // namespace tillrelay
