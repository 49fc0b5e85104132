// What: untrusted JSON, walked completely once into a flat tree of views.
// Promise: a tree exists only for a document that is valid to its last byte (RFC 8259, UTF-8), has
//   no duplicate names at any level, and stays within the limits. Numbers keep their own text, so
//   decimals stay exact; objects and arrays keep their raw bytes, so nothing is re-serialised.
// Thread: one parser per thread; values are views into the parser and into the parsed bytes, valid
//   until either changes.
// Errors: invalid, with the byte offset and what was expected.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace tillrelay {

enum class JsonType : uint8_t { kObject, kArray, kString, kNumber, kBool, kNull };

struct JsonNode {
  JsonType type = JsonType::kNull;
  uint32_t children = 0;  // number of members or elements
  uint32_t end = 0;       // index just past this node's subtree
  std::string_view name;  // member name, unescaped
  std::string_view text;  // string: unescaped; number, bool: the token; object, array: raw bytes
};

class JsonValue {
 public:
  JsonValue() = default;
  JsonValue(const JsonNode* base, uint32_t index) : base_(base), index_(index) {}

  explicit operator bool() const { return base_ != nullptr; }
  JsonType type() const { return node().type; }
  bool is_object() const { return *this && type() == JsonType::kObject; }
  bool is_array() const { return *this && type() == JsonType::kArray; }
  bool is_string() const { return *this && type() == JsonType::kString; }
  bool is_number() const { return *this && type() == JsonType::kNumber; }
  bool is_bool() const { return *this && type() == JsonType::kBool; }
  bool is_null() const { return *this && type() == JsonType::kNull; }
  bool is_true() const { return is_bool() && node().text == "true"; }
  std::string_view name() const { return node().name; }
  std::string_view text() const { return node().text; }
  uint32_t size() const { return node().children; }

  // The member of that name; an empty value if there is none or this is no object.
  JsonValue Find(std::string_view member) const;
  // The text of a string member, else "".
  std::string_view String(std::string_view member) const;
  // A non-negative integer member that fits; false otherwise.
  bool Unsigned(std::string_view member, uint64_t* out) const;

  class Iterator {
   public:
    Iterator(const JsonNode* base, uint32_t index) : base_(base), index_(index) {}
    JsonValue operator*() const { return {base_, index_}; }
    Iterator& operator++() {
      index_ = base_[index_].end;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return index_ != other.index_; }

   private:
    const JsonNode* base_;
    uint32_t index_;
  };
  // Members or elements, in order; none for a scalar.
  Iterator begin() const { return {base_, index_ + 1}; }
  Iterator end() const { return {base_, node().end}; }

 private:
  // An absent value behaves like one without name, text and children.
  const JsonNode& node() const {
    static const JsonNode kAbsent{JsonType::kNull, 0, 1, {}, {}};
    return base_ != nullptr ? base_[index_] : kAbsent;
  }
  const JsonNode* base_ = nullptr;
  uint32_t index_ = 0;
};

struct JsonLimits {
  int depth = 64;
  size_t string_bytes = 64 * 1024;
  uint32_t nodes = 4'000'000;
};

struct JsonError {
  size_t offset = 0;
  std::string what;
};

class JsonParser {
 public:
  JsonParser();
  ~JsonParser();
  JsonParser(const JsonParser&) = delete;
  JsonParser& operator=(const JsonParser&) = delete;

  // The root, an object or an array. May grow the capacity of `bytes` (spare room for wide reads),
  // never its content. On failure `error()` tells where.
  Result<JsonValue> Parse(std::string& bytes, const JsonLimits& limits = {});
  // The same over memory with at least kPadding readable bytes behind it.
  Result<JsonValue> ParsePadded(std::string_view bytes, const JsonLimits& limits = {});
  const JsonError& error() const { return error_; }

  static constexpr size_t kPadding = 64;

 private:
  struct Engine;
  std::unique_ptr<Engine> engine_;
  std::vector<JsonNode> nodes_;
  JsonError error_;
};

}  // namespace tillrelay
