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

// Where a text came from that MakeUtf8 has made.
struct Origin {
  Encoding encoding = Encoding::kUtf8;
  size_t mark_bytes = 0;
};
// What stands in the way of a text of UTF-8: its byte, and what it is.
struct NotUtf8 {
  size_t offset = 0;
  const char* what = "";
};
// Makes `bytes`, which are in `encoding`, UTF-8 without a byte order mark; at most `max_bytes` of
// it. Where that cannot be, nothing is changed. UTF-8 itself is left as it is, with its mark.
std::optional<NotUtf8> MakeUtf8(std::string* bytes, Encoding encoding, size_t max_bytes,
                                Origin* origin);
// The byte of the original that gave the byte at `offset` of its UTF-8 text.
size_t OriginalOffset(std::string_view text, const Origin& origin, size_t offset);

}  // namespace tillrelay::formats
