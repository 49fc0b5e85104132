// What: bytes in the encodings of the field to UTF-8, which is all that decoders read.
// Promise: pure; nothing is guessed: UTF-16 is known by its byte order mark or its zero bytes,
//   Latin-1 only because somebody says so. Offsets can be told in the bytes as they came.
// Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tillrelay::formats {

enum class Encoding : uint8_t { kUtf8, kLatin1, kUtf16Le, kUtf16Be };

// What the first bytes give away: a byte order mark, or an ASCII character beside a zero byte.
std::optional<Encoding> EncodingOf(std::string_view bytes);
// "utf-8", "iso-8859-1", "latin-1", "utf-16", "utf-16le", "utf-16be"; case does not matter. Plain
// "utf-16" is big-endian unless a mark says otherwise (RFC 2781, 4.3).
std::optional<Encoding> EncodingNamed(std::string_view name);
// The charset parameter of a media type; nothing if there is none.
std::string_view CharsetOf(std::string_view content_type);

struct Utf8 {
  std::string text;            // without a byte order mark
  std::optional<size_t> torn;  // where half a character or an unpaired surrogate stands
};
// UTF-8 is only freed of its mark, not checked.
Utf8 ToUtf8(std::string_view bytes, Encoding encoding);

// The byte of the original that gave the byte at `offset` of its UTF-8 text.
size_t OriginalOffset(std::string_view bytes, Encoding encoding, size_t offset);

}  // namespace tillrelay::formats
