#include "agent/formats/encoding.h"

#include <algorithm>

namespace tillrelay::formats {
namespace {

constexpr std::string_view kMark8 = "\xEF\xBB\xBF";
constexpr std::string_view kMarkLe = "\xFF\xFE";
constexpr std::string_view kMarkBe = "\xFE\xFF";
constexpr size_t kSpareBytes = 64;  // so that a wide reader need not copy the text

bool IsWide(Encoding encoding) {
  return encoding == Encoding::kUtf16Le || encoding == Encoding::kUtf16Be;
}

size_t MarkBytes(std::string_view bytes, Encoding encoding) {
  const std::string_view mark = encoding == Encoding::kUtf16Le   ? kMarkLe
                                : encoding == Encoding::kUtf16Be ? kMarkBe
                                : encoding == Encoding::kUtf8    ? kMark8
                                                                 : std::string_view();
  return bytes.starts_with(mark) ? mark.size() : 0;
}

void Append(uint32_t c, std::string* out) {
  const auto tail = [&](int shift) { *out += static_cast<char>(0x80 | ((c >> shift) & 0x3F)); };
  if (c < 0x80) {
    *out += static_cast<char>(c);
  } else if (c < 0x800) {
    *out += static_cast<char>(0xC0 | (c >> 6));
    tail(0);
  } else if (c < 0x10000) {
    *out += static_cast<char>(0xE0 | (c >> 12));
    tail(6);
    tail(0);
  } else {
    *out += static_cast<char>(0xF0 | (c >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

// What a character takes as UTF-8, by its code or its first byte.
size_t BytesOf(uint32_t c) { return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4; }
size_t BytesFrom(char first) {
  const auto byte = static_cast<unsigned char>(first);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

// Characters of a text, one after the other, with the bytes that each takes.
class Characters {
 public:
  Characters(std::string_view bytes, Encoding encoding)
      : bytes_(bytes), encoding_(encoding), at_(MarkBytes(bytes, encoding)) {}

  size_t at() const { return at_; }
  bool done() const { return at_ >= bytes_.size(); }
  // False where what stands there is no character.
  bool Next(uint32_t* c) {
    if (!IsWide(encoding_)) {
      *c = static_cast<unsigned char>(bytes_[at_++]);
      return true;
    }
    if (!Unit(at_, c)) return false;
    if (*c < 0xD800 || *c > 0xDFFF) {
      at_ += 2;
      return true;
    }
    uint32_t low = 0;
    if (*c > 0xDBFF || !Unit(at_ + 2, &low) || low < 0xDC00 || low > 0xDFFF) return false;
    *c = 0x10000 + ((*c - 0xD800) << 10) + (low - 0xDC00);
    at_ += 4;
    return true;
  }

 private:
  bool Unit(size_t at, uint32_t* unit) const {
    if (at + 2 > bytes_.size()) return false;
    const auto first = static_cast<unsigned char>(bytes_[at]);
    const auto second = static_cast<unsigned char>(bytes_[at + 1]);
    *unit = encoding_ == Encoding::kUtf16Le ? static_cast<uint32_t>(second << 8 | first)
                                            : static_cast<uint32_t>(first << 8 | second);
    return true;
  }

  const std::string_view bytes_;
  const Encoding encoding_;
  size_t at_;
};

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

}  // namespace

std::optional<Encoding> EncodingOf(std::string_view bytes) {
  if (bytes.starts_with(kMarkLe)) return Encoding::kUtf16Le;
  if (bytes.starts_with(kMarkBe)) return Encoding::kUtf16Be;
  if (bytes.starts_with(kMark8)) return Encoding::kUtf8;
  if (bytes.size() < 2) return std::nullopt;
  if (bytes[0] != '\0' && bytes[1] == '\0') return Encoding::kUtf16Le;
  if (bytes[0] == '\0' && bytes[1] != '\0') return Encoding::kUtf16Be;
  return std::nullopt;
}

std::optional<Encoding> EncodingNamed(std::string_view name) {
  static constexpr std::pair<std::string_view, Encoding> kNames[] = {
      {"utf-8", Encoding::kUtf8},      {"utf8", Encoding::kUtf8},
      {"us-ascii", Encoding::kUtf8},   {"latin-1", Encoding::kLatin1},
      {"latin1", Encoding::kLatin1},   {"iso-8859-1", Encoding::kLatin1},
      {"utf-16", Encoding::kUtf16Be},  {"utf-16be", Encoding::kUtf16Be},
      {"utf-16le", Encoding::kUtf16Le}};
  const std::string lower = Lower(name);
  for (const auto& [known, encoding] : kNames) {
    if (known == lower) return encoding;
  }
  return std::nullopt;
}

std::string_view CharsetOf(std::string_view content_type) {
  const std::string lower = Lower(content_type);
  const size_t at = lower.find("charset=");
  if (at == std::string::npos || at == 0) return {};
  std::string_view value = content_type.substr(at + 8);
  value = value.substr(0, value.find(';'));
  while (!value.empty() && (value.front() == '"' || value.front() == ' ')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == '"' || value.back() == ' ')) value.remove_suffix(1);
  return value;
}

Utf8 ToUtf8(std::string_view bytes, Encoding encoding) {
  Utf8 utf8;
  if (encoding == Encoding::kUtf8) {
    utf8.text = bytes.substr(MarkBytes(bytes, encoding));
    return utf8;
  }
  utf8.text.reserve(bytes.size());
  Characters characters(bytes, encoding);
  while (!characters.done()) {
    uint32_t c = 0;
    if (!characters.Next(&c)) {
      utf8.torn = characters.at();
      return utf8;
    }
    Append(c, &utf8.text);
  }
  return utf8;
}

std::optional<NotUtf8> MakeUtf8(std::string* bytes, Encoding encoding, size_t max_bytes,
                                Origin* origin) {
  *origin = {encoding, MarkBytes(*bytes, encoding)};
  if (encoding == Encoding::kUtf8) return std::nullopt;
  size_t size = 0;
  std::string text;
  // The first time for the size: a text that grew would be held twice while it does.
  for (const bool write : {false, true}) {
    if (write) text.reserve(size + kSpareBytes);
    Characters characters(*bytes, encoding);
    while (!characters.done()) {
      uint32_t c = 0;
      if (!characters.Next(&c)) return NotUtf8{characters.at(), "half a UTF-16 character"};
      size += write ? 0 : BytesOf(c);
      if (size > max_bytes) return NotUtf8{characters.at(), "the text is too large as UTF-8"};
      if (write) Append(c, &text);
    }
  }
  *bytes = std::move(text);
  return std::nullopt;
}

size_t OriginalOffset(std::string_view text, const Origin& origin, size_t offset) {
  if (origin.encoding == Encoding::kUtf8) return offset + origin.mark_bytes;
  size_t original = origin.mark_bytes;
  for (size_t at = 0; at < text.size();) {
    const size_t size = BytesFrom(text[at]);
    if (at + size > offset) return original;
    at += size;
    original += !IsWide(origin.encoding) ? 1 : size == 4 ? 4 : 2;
  }
  return original;
}

}  // namespace tillrelay::formats
