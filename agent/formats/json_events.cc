#include "agent/formats/json_events.h"

#include <cstring>

#include "agent/formats/cloudevents.h"
#include "common/base/text.h"
#include "common/event/event_json.h"

namespace tillrelay::formats {
namespace {

using event::Rejection;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

JsonLimits Bounds(const Limits& limits) {
  JsonLimits bounds;
  bounds.depth = limits.depth;
  bounds.string_bytes = limits.string_bytes;
  return bounds;
}

bool MadeByTheAgent(event::Kind kind) {
  return kind == event::Kind::kStreamOpened || kind == event::Kind::kLoss;
}

std::optional<Rejection> ReadItem(JsonValue value, bool cloud, event::Event* event) {
  if (!value.is_object()) {
    return Rejection{"bad-value", "", "an event is an object such as {\"kind\": \"sale\", ...}"};
  }
  if (cloud || value.Find("specversion")) return ReadCloudEvent(value, event);
  return ReadCanonical(value, std::nullopt, event);
}

Item MakeItem(JsonValue value, size_t index, bool cloud, const Limits& limits) {
  Item item{index, event::Event(), {}};
  std::optional<Rejection> rejection;
  if (value.text().size() > limits.event_bytes) {
    rejection =
        Rejection{"bad-value", "",
                  "the event is larger than " + std::to_string(limits.event_bytes) + " bytes"};
  } else {
    rejection = ReadItem(value, cloud, &std::get<event::Event>(item.outcome));
  }
  if (rejection) {
    item.outcome = *std::move(rejection);
    item.excerpt = std::string(value.text().substr(0, limits.event_bytes));
  }
  return item;
}

// `bytes` without a byte order mark, with the parser's padding behind it.
std::string_view Padded(std::string& bytes) {
  bytes.reserve(bytes.size() + JsonParser::kPadding);
  std::string_view text = bytes;
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return text;
}

std::string JsonHint(size_t offset, size_t size) {
  return offset >= size ? "the document ends too early; send it again completely"
                        : "write JSON as in RFC 8259, in UTF-8";
}

// The lines that hold more than blanks, each with its number.
struct NumberedLine {
  size_t number;
  std::string_view text;
};

std::vector<NumberedLine> SplitLines(std::string_view text) {
  std::vector<NumberedLine> lines;
  for (size_t number = 1; !text.empty(); ++number) {
    const void* end = std::memchr(text.data(), '\n', text.size());
    const size_t size = end == nullptr
                            ? text.size()
                            : static_cast<size_t>(static_cast<const char*>(end) - text.data());
    const std::string_view line = text.substr(0, size);
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) lines.push_back({number, line});
    text.remove_prefix(end == nullptr ? size : size + 1);
  }
  return lines;
}

SyntaxError TooMany(const Limits& limits, size_t offset) {
  return {offset, "more than " + std::to_string(limits.events) + " events", "split the document"};
}

}  // namespace

std::optional<SyntaxError> DecodeJson(JsonParser* parser, std::string& bytes, const Limits& limits,
                                      bool cloud, const std::function<void(Item&&)>& sink) {
  const std::string_view text = Padded(bytes);
  const auto root = parser->ParsePadded(text, Bounds(limits));
  if (!root.ok()) {
    const size_t mark = bytes.size() - text.size();
    const JsonError& error = parser->error();
    return SyntaxError{error.offset + mark, error.what, JsonHint(error.offset, text.size())};
  }
  if (root->is_object()) {
    sink(MakeItem(*root, 0, cloud, limits));
    return std::nullopt;
  }
  if (root->size() > limits.events) return TooMany(limits, 0);
  size_t index = 0;
  for (const JsonValue value : *root) sink(MakeItem(value, index++, cloud, limits));
  return std::nullopt;
}

std::optional<SyntaxError> DecodeLines(JsonParser* parser, std::string& bytes, const Limits& limits,
                                       const std::function<void(Item&&)>& sink) {
  const auto lines = SplitLines(Padded(bytes));
  if (lines.size() > limits.events) return TooMany(limits, 0);
  for (size_t index = 0; index < lines.size(); ++index) {
    const auto& [number, text] = lines[index];
    const auto root = parser->ParsePadded(text, Bounds(limits));
    if (root.ok()) {
      sink(MakeItem(*root, index, false, limits));
      continue;
    }
    const size_t offset = static_cast<size_t>(text.data() - bytes.data()) + parser->error().offset;
    Item item{index, event::Event(), std::string(text.substr(0, limits.event_bytes))};
    item.outcome = Rejection{"not-syntax", "line " + std::to_string(number),
                             "byte " + std::to_string(offset) + ": " + parser->error().what};
    sink(std::move(item));
  }
  return std::nullopt;
}

std::optional<Rejection> ReadCanonical(JsonValue object, std::optional<event::Kind> kind,
                                       event::Event* event) {
  const JsonValue told = object.Find("kind");
  if (told) {
    const auto parsed = event::ParseKind(told.is_string() ? told.text() : std::string_view());
    if (!parsed || MadeByTheAgent(*parsed)) {
      const std::string_view near = Nearest(told.text().substr(0, 40), event::kKindWords);
      return Rejection{"bad-value", "kind",
                       near.empty() ? "use a kind such as sale, return or register_control"
                                    : "did you mean " + std::string(near) + "?"};
    }
    if (kind && *kind != *parsed) {
      return Rejection{"bad-value", "data.kind", "differs from the CloudEvent's type"};
    }
    kind = parsed;
  }
  if (!kind) return Rejection{"missing-field", "kind", "this field is required"};
  event->kind = *kind;
  if (auto rejection = event::ReadData(object, event)) return rejection;
  event->origin->dialect = "canonical-json/1";
  event->origin->mapper = "json@1";
  return std::nullopt;
}

}  // namespace tillrelay::formats
