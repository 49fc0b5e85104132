#include "agent/web/pages/document_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "agent/web/view_strings.h"
#include "agent/web/word_strings.h"
#include "common/base/json_reader.h"
#include "common/base/json_writer.h"

namespace tillrelay::web {
namespace {

using Texts = std::map<std::string, std::string, std::less<>>;

std::string Below(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

std::string ElementPath(const std::string& path, size_t index) {
  return fmt::format("{}[{}]", path, index);
}

// One line that a field can show, under a name that a path can say.
bool IsEditable(std::string_view path, JsonValue value) {
  const std::string_view text = value.text();
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
  return !path.empty() && text.size() <= kMaxFieldBytes &&
         std::none_of(text.begin(), text.end(), control);
}

// What the intake makes of a document; where a person changes it, it is made anew.
bool IsDerived(const std::string& path, std::string_view name) {
  return name == "stock_effect" || (path.empty() && name == "control");
}

bool IsPlainName(std::string_view name) {
  return name.find_first_of(".[]") == std::string_view::npos;
}

struct Collected {
  std::vector<DocumentField> fields;
  std::vector<std::string> objects;  // their paths
};

void Collect(JsonValue value, const std::string& path, Collected* found) {
  if (path == "origin" || path == "kind" || found->fields.size() >= kMaxFields) return;
  if (value.is_object()) {
    found->objects.push_back(path);
    for (const JsonValue member : value) {
      if (!IsPlainName(member.name()) || IsDerived(path, member.name())) continue;
      Collect(member, Below(path, member.name()), found);
    }
  } else if (value.is_array()) {
    size_t index = 0;
    for (const JsonValue element : value) Collect(element, ElementPath(path, index++), found);
  } else if (IsEditable(path, value)) {
    found->fields.push_back({path, value.is_null() ? "" : std::string(value.text())});
  }
}

std::string_view ParentOf(std::string_view path) {
  const size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : path.substr(0, dot);
}

std::string_view NameOf(std::string_view path) {
  const size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

// What a person typed in place of `old`: as a number, true or false only where that stood there.
std::string Token(JsonValue old, const std::string& text) {
  if (!old.is_string() && (text == "true" || text == "false")) return text;
  JsonParser parser;
  std::string list = "[" + text + "]";
  const auto root = parser.Parse(list);
  const bool number = root.ok() && root->size() == 1 && (*root->begin()).is_number();
  if (old.is_number() && number) return text;
  std::string out;
  JsonWriter(&out).String(text);
  return out;
}

class Rewriter {
 public:
  explicit Rewriter(const Texts& texts) : texts_(texts) {}

  std::string Write(JsonValue root) {
    Value(root, "");
    return std::move(out_);
  }

 private:
  // Nothing: this member goes.
  std::optional<std::string> ScalarText(JsonValue value, const std::string& path) const {
    const auto typed = texts_.find(path);
    const std::string_view old = value.is_null() ? std::string_view() : value.text();
    if (typed == texts_.end() || typed->second == old) return Original(value);
    if (typed->second.empty()) return std::nullopt;
    return Token(value, typed->second);
  }
  static std::string Original(JsonValue value) {
    if (value.is_null()) return "null";
    if (!value.is_string()) return std::string(value.text());
    return Quoted(value.text());
  }
  static std::string Quoted(std::string_view text) {
    std::string out;
    JsonWriter(&out).String(text);
    return out;
  }
  void Value(JsonValue value, const std::string& path) {
    if (value.is_object()) return Object(value, path);
    if (value.is_array()) return Array(value, path);
    out_ += ScalarText(value, path).value_or("\"\"");
  }
  void Object(JsonValue value, const std::string& path) {
    bool first = true;
    const auto name = [&](std::string_view text) {
      out_ += first ? "" : ",";
      out_ += Quoted(text) + ":";
      first = false;
    };
    out_ += '{';
    for (const JsonValue member : value) {
      if (IsDerived(path, member.name())) continue;
      const std::string below = IsPlainName(member.name()) ? Below(path, member.name()) : "[]";
      const bool holds = member.is_object() || member.is_array();
      if (!holds && !ScalarText(member, below)) continue;
      name(member.name());
      Value(member, below);
    }
    for (const auto& [added, text] : texts_) {
      if (text.empty() || ParentOf(added) != path || value.Find(NameOf(added))) continue;
      if (added.ends_with(']')) continue;
      name(NameOf(added));
      out_ += Quoted(text);
    }
    out_ += '}';
  }
  void Array(JsonValue value, const std::string& path) {
    size_t index = 0;
    out_ += '[';
    for (const JsonValue element : value) {
      if (index > 0) out_ += ',';
      Value(element, ElementPath(path, index++));
    }
    out_ += ']';
  }

  const Texts& texts_;
  std::string out_;
};

}  // namespace

std::vector<DocumentField> FieldsOf(const std::string& document, std::string_view wanted) {
  JsonParser parser;
  std::string bytes = document;
  const auto root = parser.Parse(bytes);
  if (!root.ok() || !root->is_object()) return {};
  Collected found;
  Collect(*root, "", &found);
  if (wanted.empty()) return found.fields;
  for (const std::string& path : {std::string(wanted), "data." + std::string(wanted)}) {
    bool there = false;
    for (DocumentField& field : found.fields) {
      field.meant = field.path.starts_with(path);
      there = there || field.meant;
    }
    if (there) return found.fields;
  }
  const auto& objects = found.objects;
  const bool could_stand =
      !wanted.ends_with(']') && !IsDerived("", wanted) &&
      std::find(objects.begin(), objects.end(), ParentOf(wanted)) != objects.end();
  if (could_stand) found.fields.push_back({std::string(wanted), "", true});
  return found.fields;
}

std::string FieldLabel(std::string_view path) {
  std::string label;
  constexpr std::string_view kLines = "lines[";
  if (path.starts_with(kLines)) {
    size_t line = 0;
    std::from_chars(path.data() + kLines.size(), path.data() + path.size(), line);
    label = strings::Say(strings::kFieldOfLine, line + 1);
    path.remove_prefix(std::min(path.size(), path.find(']') + 2));
  }
  for (;;) {
    const size_t dot = std::min(path.find('.'), path.size());
    label += strings::WordText(path.substr(0, dot));
    if (dot == path.size()) return label;
    label += ": ";
    path.remove_prefix(dot + 1);
  }
}

std::string WithFields(const std::string& document, const Texts& texts) {
  JsonParser parser;
  std::string bytes = document;
  const auto root = parser.Parse(bytes);
  if (!root.ok() || !root->is_object()) return "";
  return Rewriter(texts).Write(*root);
}

}  // namespace tillrelay::web
