// What: the words of POSLog documents, which makers of tills spell in many ways.
// Thread: any (pure).
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>

#include "agent/formats/poslog/xml_tree.h"

namespace tillrelay::formats::poslog {

inline constexpr size_t kMaxIdBytes = 128;

inline bool IsTrue(std::string_view text) { return text == "true" || text == "1"; }

// Letters and digits in lower case: "Post-Void" and "PostVoid" are one word.
inline std::string Folded(std::string_view text) {
  std::string word;
  for (const char c : text.substr(0, kMaxIdBytes)) {
    if (c >= 'A' && c <= 'Z') word += static_cast<char>(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) word += c;
  }
  return word;
}

inline bool OneOf(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// At most `limit` bytes, never half a character.
inline std::string Short(std::string_view text, size_t limit) {
  size_t size = std::min(text.size(), limit);
  while (size < text.size() && size > 0 && (text[size] & 0xC0) == 0x80) --size;
  return std::string(text.substr(0, size));
}

// The first child of one of these names that is there.
inline XmlElement FirstOf(XmlElement parent, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (const XmlElement child = parent.Child(name)) return child;
  }
  return {};
}

// The text of the first child of one of these names that has one.
inline std::string_view FirstText(XmlElement parent,
                                  std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const std::string_view text = parent.TextOf(name);
    if (!text.empty()) return text;
  }
  return {};
}

}  // namespace tillrelay::formats::poslog
