#include "agent/formats/json_steps.h"

#include "common/base/json_walk.h"
#include "common/base/page_releaser.h"

namespace tillrelay::formats {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string JsonHint(size_t offset, size_t size) {
  return offset >= size ? "the document ends too early; send it again completely"
                        : "write JSON as in RFC 8259, in UTF-8";
}

SyntaxError ErrorAt(const JsonError& error, size_t from, size_t size) {
  return {from + error.offset, error.what, JsonHint(from + error.offset, size)};
}

// Steps through the elements of an array, or through the one value that is none.
template <typename Each>
void Step(std::string_view text, const Limits& limits, const Each& each) {
  if (text.empty()) return;
  if (text.front() != '[') {
    each(text);
    return;
  }
  JsonWalk walk(text, JsonBounds(limits));
  std::string_view element;
  if (!walk.Enter()) return;
  while (walk.NextElement(&element)) {
    if (!each(element)) return;
  }
}

}  // namespace

JsonLimits JsonBounds(const Limits& limits) {
  JsonLimits bounds;
  bounds.depth = limits.depth;
  bounds.string_bytes = limits.string_bytes;
  return bounds;
}

std::string_view Padded(std::string& bytes) {
  bytes.reserve(bytes.size() + JsonParser::kPadding);
  std::string_view text = bytes;
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return text;
}

std::optional<SyntaxError> ParseWhole(JsonParser& parser, std::string& bytes, const Limits& limits,
                                      JsonValue* root) {
  const std::string_view text = Padded(bytes);
  const auto parsed = parser.ParsePadded(text, JsonBounds(limits));
  if (parsed.ok()) {
    *root = *parsed;
    return std::nullopt;
  }
  return ErrorAt(parser.error(), bytes.size() - text.size(), bytes.size());
}

std::optional<SyntaxError> CheckWhole(std::string& bytes, const Limits& limits,
                                      std::string_view* root) {
  const std::string_view text = Padded(bytes);
  const size_t mark = bytes.size() - text.size();
  JsonWalk walk(text, JsonBounds(limits));
  const char first = walk.Peek();
  if (!walk.failed() && first != '[' && first != '{') {
    return ErrorAt({0, "expected an object or an array"}, mark, bytes.size());
  }
  if (walk.TakeValue(root) && walk.AtEnd()) return std::nullopt;
  return ErrorAt(walk.error(), mark, bytes.size());
}

std::string_view RawMember(std::string_view object, std::string_view name, const Limits& limits,
                           bool* twice) {
  std::string_view found, member, value;
  if (!object.starts_with('{')) return found;
  JsonWalk walk(object, JsonBounds(limits));
  if (!walk.Enter()) return found;
  while (walk.NextMember(&member) && walk.TakeValue(&value)) {
    if (member != name) continue;
    if (!found.empty()) *twice = true;
    found = value;
  }
  return found;
}

std::optional<SyntaxError> ForEachElement(JsonParser& parser, std::string_view document,
                                          std::string_view array, const Limits& limits,
                                          const EachElement& each) {
  std::optional<SyntaxError> error;
  size_t count = 0;
  const auto has_tree = [&limits](std::string_view element) {
    return element.front() == '{' && element.size() <= limits.event_bytes;
  };
  Step(array, limits, [&](std::string_view element) {
    if (++count > limits.events) {
      error = SyntaxError{0, "more than " + std::to_string(limits.events) + " events",
                          "split the document"};
    } else if (has_tree(element) && !parser.ParsePadded(element, JsonBounds(limits)).ok()) {
      const auto from = static_cast<size_t>(element.data() - document.data());
      error = ErrorAt(parser.error(), from, document.size());
    }
    return !error;
  });
  if (error) return error;
  PageReleaser passed(document);
  Step(array, limits, [&](std::string_view element) {
    JsonValue value;
    if (has_tree(element)) value = *parser.ParsePadded(element, JsonBounds(limits));
    each(element, value);
    passed.Passed(element.data());
    return true;
  });
  return std::nullopt;
}

}  // namespace tillrelay::formats
