#include "common/base/json_reader.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>

#include "common/base/text.h"

namespace tillrelay {
namespace {

namespace od = simdjson::ondemand;
using simdjson::error_code;

// Objects with more members than this are checked for duplicates by sorting.
constexpr size_t kPairwiseMembers = 24;

std::string_view TrimRight(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n' || text.back() == '\r' ||
                           text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

// number = [ minus ] int [ frac ] [ exp ], RFC 8259, 6.
bool IsNumber(std::string_view s) {
  size_t i = 0;
  const auto digits = [&] {
    const size_t from = i;
    while (i < s.size() && s[i] >= '0' && s[i] <= '9') ++i;
    return i > from;
  };
  if (i < s.size() && s[i] == '-') ++i;
  if (i < s.size() && s[i] == '0') {
    ++i;
  } else if (!digits()) {
    return false;
  }
  if (i < s.size() && s[i] == '.') {
    ++i;
    if (!digits()) return false;
  }
  if (i < s.size() && (s[i] == 'e' || s[i] == 'E')) {
    ++i;
    if (i < s.size() && (s[i] == '+' || s[i] == '-')) ++i;
    if (!digits()) return false;
  }
  return i == s.size();
}

// Where the first pass over the bytes failed; the engine itself does not say.
JsonError LocateFirstPass(std::string_view bytes, error_code code) {
  if (TrimRight(bytes).empty()) return {0, "the document is empty"};
  if (const size_t bad = FirstInvalidUtf8(bytes); bad != std::string_view::npos) {
    return {bad, "the bytes are not UTF-8"};
  }
  bool inside = false;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == '"') {
      inside = !inside;
    } else if (inside && bytes[i] == '\\') {
      ++i;
    } else if (inside && static_cast<unsigned char>(bytes[i]) < 0x20) {
      return {i, "a control character stands unescaped inside a string"};
    }
  }
  if (inside) return {bytes.size(), "the document ends inside a string"};
  return {bytes.size(), simdjson::error_message(code)};
}

}  // namespace

struct JsonParser::Engine {
  od::parser parser;
};

namespace {

class Walker {
 public:
  Walker(std::string_view bytes, const JsonLimits& limits, std::vector<JsonNode>* nodes,
         od::document* document)
      : bytes_(bytes), limits_(limits), nodes_(*nodes), document_(*document) {}

  bool Root() {
    od::value root;
    if (document_.get_value().get(root) != simdjson::SUCCESS) {
      return Fail("expected an object or an array", 0);
    }
    if (!Value(root, {}, 1)) return false;
    const char* rest = nullptr;
    if (document_.current_location().get(rest) == simdjson::SUCCESS) {
      return FailAt(rest, "something follows the end of the document");
    }
    return true;
  }
  JsonError error() const { return error_; }

 private:
  bool Value(od::value value, std::string_view name, int depth) {
    if (nodes_.size() >= limits_.nodes) return Fail("the document has too many values");
    od::json_type type;
    if (value.type().get(type) != simdjson::SUCCESS) return Fail("expected a value");
    const auto index = static_cast<uint32_t>(nodes_.size());
    nodes_.emplace_back().name = name;
    bool ok = false;
    switch (type) {
      case od::json_type::object:
        ok = Object(value, index, depth);
        break;
      case od::json_type::array:
        ok = Array(value, index, depth);
        break;
      case od::json_type::string:
        ok = String(value, index);
        break;
      default:
        ok = Scalar(value, type, index);
    }
    nodes_[index].end = static_cast<uint32_t>(nodes_.size());
    return ok;
  }

  bool Object(od::value& value, uint32_t index, int depth) {
    if (depth > limits_.depth) return Fail("nested too deeply");
    nodes_[index].type = JsonType::kObject;
    const char* start = Start(value);
    od::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS) return Fail("expected a member");
    uint32_t members = 0;
    for (auto member : object) {
      od::field field;
      if (std::move(member).get(field) != simdjson::SUCCESS) {
        return Fail("expected a member name, a comma or a closing brace");
      }
      std::string_view name;
      if (field.unescaped_key().get(name) != simdjson::SUCCESS) return Fail("bad member name");
      if (name.size() > limits_.string_bytes) return Fail("a member name is too long");
      if (!Value(field.value(), name, depth + 1)) return false;
      ++members;
    }
    nodes_[index].children = members;
    nodes_[index].text = Span(start);
    nodes_[index].end = static_cast<uint32_t>(nodes_.size());
    return Distinct(index);
  }

  bool Array(od::value& value, uint32_t index, int depth) {
    if (depth > limits_.depth) return Fail("nested too deeply");
    nodes_[index].type = JsonType::kArray;
    const char* start = Start(value);
    od::array array;
    if (value.get_array().get(array) != simdjson::SUCCESS) return Fail("expected a value");
    uint32_t elements = 0;
    for (auto element : array) {
      od::value item;
      if (element.get(item) != simdjson::SUCCESS) {
        return Fail("expected a value, a comma or a closing bracket");
      }
      if (!Value(item, {}, depth + 1)) return false;
      ++elements;
    }
    nodes_[index].children = elements;
    nodes_[index].text = Span(start);
    return true;
  }

  bool String(od::value& value, uint32_t index) {
    std::string_view text;
    if (value.get_string().get(text) != simdjson::SUCCESS) return Fail("bad escape in a string");
    if (text.size() > limits_.string_bytes) return Fail("a string is too long");
    nodes_[index].type = JsonType::kString;
    nodes_[index].text = text;
    return true;
  }

  bool Scalar(od::value& value, od::json_type type, uint32_t index) {
    const char* start = Start(value);
    const std::string_view token = TrimRight(value.raw_json_token());
    JsonNode& node = nodes_[index];
    node.text = token;
    if (type == od::json_type::null) {
      bool null = false;
      if (token != "null" || value.is_null().get(null) != simdjson::SUCCESS || !null) {
        return FailAt(start, "expected null");
      }
      node.type = JsonType::kNull;
      return true;
    }
    if (type == od::json_type::boolean) {
      bool flag = false;
      if ((token != "true" && token != "false") || value.get_bool().get(flag)) {
        return FailAt(start, "expected true or false");
      }
      node.type = JsonType::kBool;
      return true;
    }
    if (!IsNumber(token)) return FailAt(start, "expected a number");
    node.type = JsonType::kNumber;
    // Consume the token; its value is read from its text by whoever wants it.
    double ignored = 0;
    if (value.get_double().get(ignored) != simdjson::SUCCESS) {
      return FailAt(start, "the number is out of range");
    }
    return true;
  }

  bool Distinct(uint32_t index) {
    const JsonValue object(nodes_.data(), index);
    if (object.size() <= kPairwiseMembers) {
      for (auto a = object.begin(); a != object.end(); ++a) {
        auto b = a;
        for (++b; b != object.end(); ++b) {
          if ((*a).name() == (*b).name()) return Duplicate((*b).name());
        }
      }
      return true;
    }
    std::vector<std::string_view> names;
    names.reserve(object.size());
    for (const JsonValue member : object) names.push_back(member.name());
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    return twice == names.end() || Duplicate(*twice);
  }

  bool Duplicate(std::string_view name) {
    return Fail(fmt::format("the name \"{}\" stands twice in one object", Printable(name, 40)));
  }

  static const char* Start(od::value& value) { return value.raw_json_token().data(); }

  std::string_view Span(const char* start) {
    const char* next = nullptr;
    const char* end = bytes_.data() + bytes_.size();
    if (document_.current_location().get(next) == simdjson::SUCCESS && next < end) end = next;
    return TrimRight({start, static_cast<size_t>(end - start)});
  }

  bool Fail(std::string what) {
    const char* at = nullptr;
    const bool known = document_.current_location().get(at) == simdjson::SUCCESS;
    return Fail(std::move(what), known ? static_cast<size_t>(at - bytes_.data()) : bytes_.size());
  }
  bool FailAt(const char* at, std::string what) {
    return Fail(std::move(what), static_cast<size_t>(at - bytes_.data()));
  }
  bool Fail(std::string what, size_t offset) {
    if (error_.what.empty()) error_ = {std::min(offset, bytes_.size()), std::move(what)};
    return false;
  }

  const std::string_view bytes_;
  const JsonLimits& limits_;
  std::vector<JsonNode>& nodes_;
  od::document& document_;
  JsonError error_;
};

}  // namespace

JsonValue JsonValue::Find(std::string_view member) const {
  if (!is_object()) return {};
  for (const JsonValue value : *this) {
    if (value.name() == member) return value;
  }
  return {};
}

std::string_view JsonValue::String(std::string_view member) const {
  const JsonValue value = Find(member);
  return value.is_string() ? value.text() : std::string_view{};
}

bool JsonValue::Unsigned(std::string_view member, uint64_t* out) const {
  const JsonValue value = Find(member);
  if (!value.is_number()) return false;
  const std::string_view token = value.text();
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), *out);
  return error == std::errc() && end == token.data() + token.size();
}

JsonParser::JsonParser() : engine_(std::make_unique<Engine>()) {}
JsonParser::~JsonParser() = default;

Result<JsonValue> JsonParser::Parse(std::string& bytes, const JsonLimits& limits) {
  bytes.reserve(bytes.size() + kPadding);
  return ParsePadded(bytes, limits);
}

Result<JsonValue> JsonParser::ParsePadded(std::string_view bytes, const JsonLimits& limits) {
  nodes_.clear();
  error_ = {};
  if (bytes.empty()) {
    error_ = {0, "the document is empty"};
    return Invalid("byte 0: " + error_.what);
  }
  od::document document;
  const error_code first = engine_->parser
                               .iterate(simdjson::padded_string_view(bytes.data(), bytes.size(),
                                                                     bytes.size() + kPadding))
                               .get(document);
  if (first != simdjson::SUCCESS) {
    error_ = LocateFirstPass(bytes, first);
  } else {
    Walker walker(bytes, limits, &nodes_, &document);
    if (walker.Root()) return JsonValue(nodes_.data(), 0);
    error_ = walker.error();
  }
  return Invalid(fmt::format("byte {}: {}", error_.offset, error_.what));
}

}  // namespace tillrelay
