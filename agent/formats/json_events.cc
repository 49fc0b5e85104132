#include "agent/formats/json_events.h"

#include <cstring>

#include "agent/formats/cloudevents.h"
#include "agent/formats/self_check.h"
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

bool CloudEventsOnly(Format format) {
  return format == Format::kCloudEvent || format == Format::kCloudEventBatch;
}

std::optional<Rejection> ReadItem(JsonValue value, Format format, event::Event* event) {
  if (!value.is_object()) {
    return Rejection{"bad-value", "", "an event is an object such as {\"kind\": \"sale\", ...}"};
  }
  if (CloudEventsOnly(format) || value.Find("specversion")) return ReadCloudEvent(value, event);
  return ReadCanonical(value, std::nullopt, event);
}

// Either one of ours that forgot its kind, or somebody else's document.
Rejection WithoutKind(JsonValue object) {
  for (const char* ours : {"transaction", "transfer", "count", "adjustment", "close", "lines"}) {
    if (object.Find(ours)) return {"missing-field", "kind", "this field is required"};
  }
  std::string first;
  if (object.size() > 0) first = Printable((*object.begin()).name(), 40);
  return {"unsupported", "",
          "not a document that is understood here" +
              (first.empty() ? "" : ": its first member is \"" + first + "\"") +
              "; send {\"kind\": \"sale\", ...}"};
}

// Turns values into items, one after the other.
class Itemiser {
 public:
  Itemiser(Format format, const Limits& limits, const std::function<void(Item&&)>& sink)
      : format_(format), limits_(limits), sink_(sink) {}

  void Add(JsonValue value) {
    const std::string_view text = value.text();
    if (text.size() > limits_.event_bytes) {
      const std::string bound = std::to_string(limits_.event_bytes);
      return Reject({"bad-value", "", "the event is larger than " + bound + " bytes"}, text);
    }
    Item item{index_, event::Event(), {}};
    if (auto rejection = ReadItem(value, format_, &std::get<event::Event>(item.outcome))) {
      return Reject(*std::move(rejection), text);
    }
    ++index_;
    sink_(std::move(item));
  }
  void Reject(Rejection rejection, std::string_view text) {
    sink_({index_++, std::move(rejection), std::string(text.substr(0, limits_.event_bytes))});
  }

 private:
  const Format format_;
  const Limits& limits_;
  const std::function<void(Item&&)>& sink_;
  size_t index_ = 0;
};

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

// What the media type promises about the root; "" if the document keeps it.
std::string_view WrongRoot(Format format, JsonValue root) {
  if (format == Format::kCloudEvent && !root.is_object()) {
    return "expected one CloudEvent; a list is application/cloudevents-batch+json";
  }
  if (format == Format::kCloudEventBatch && !root.is_array()) {
    return "expected a list of CloudEvents; a single one is application/cloudevents+json";
  }
  return {};
}

std::optional<SyntaxError> DecodeDocument(JsonSource source, const Limits& limits,
                                          Itemiser* items) {
  JsonValue root;
  if (auto error = ParseWhole(source.parser, source.bytes, limits, &root)) return error;
  if (const auto wrong = WrongRoot(source.format, root); !wrong.empty()) {
    return SyntaxError{0, std::string(wrong), "correct the Content-Type or the document"};
  }
  if (root.is_object()) {
    items->Add(root);
    return std::nullopt;
  }
  if (root.size() > limits.events) return TooMany(limits, 0);
  for (const JsonValue value : root) items->Add(value);
  return std::nullopt;
}

std::optional<SyntaxError> DecodeLines(JsonSource source, const Limits& limits, Itemiser* items) {
  const auto lines = SplitLines(Padded(source.bytes));
  if (lines.size() > limits.events) return TooMany(limits, 0);
  for (const auto& [number, text] : lines) {
    const auto root = source.parser.ParsePadded(text, Bounds(limits));
    if (root.ok()) {
      items->Add(*root);
      continue;
    }
    const JsonError& error = source.parser.error();
    const size_t offset = static_cast<size_t>(text.data() - source.bytes.data()) + error.offset;
    items->Reject({"not-syntax", "line " + std::to_string(number),
                   "byte " + std::to_string(offset) + ": " + error.what},
                  text);
  }
  return std::nullopt;
}

}  // namespace

std::optional<SyntaxError> ParseWhole(JsonParser& parser, std::string& bytes, const Limits& limits,
                                      JsonValue* root) {
  const std::string_view text = Padded(bytes);
  const auto parsed = parser.ParsePadded(text, Bounds(limits));
  if (parsed.ok()) {
    *root = *parsed;
    return std::nullopt;
  }
  const size_t mark = bytes.size() - text.size();
  const JsonError& error = parser.error();
  return SyntaxError{error.offset + mark, error.what, JsonHint(error.offset, text.size())};
}

std::optional<SyntaxError> DecodeJson(JsonSource source, const Limits& limits,
                                      const std::function<void(Item&&)>& sink) {
  Itemiser items(source.format, limits, sink);
  return source.format == Format::kNdjson ? DecodeLines(source, limits, &items)
                                          : DecodeDocument(source, limits, &items);
}

std::optional<Rejection> ReadCanonical(JsonValue object, std::optional<event::Kind> kind,
                                       event::Event* event) {
  const JsonValue told = object.Find("kind");
  if (told) {
    const auto parsed = event::ParseKind(told.is_string() ? told.text() : std::string_view());
    if (!parsed) {
      const std::string_view near = Nearest(told.text().substr(0, 40), event::kKindWords);
      return Rejection{"bad-value", "kind",
                       near.empty() ? "use a kind such as sale, return or register_control"
                                    : "did you mean " + std::string(near) + "?"};
    }
    if (MadeByTheAgent(*parsed)) {
      return Rejection{"bad-value", "kind", "this kind is made by the agent itself"};
    }
    if (kind && *kind != *parsed) {
      return Rejection{"bad-value", "data.kind", "differs from the CloudEvent's type"};
    }
    kind = parsed;
  }
  if (!kind) return WithoutKind(object);
  event->kind = *kind;
  if (auto rejection = event::ReadData(object, event)) return rejection;
  event->origin->dialect = "canonical-json/1";
  event->origin->mapper = "json@2";
  return SelfCheckCanonical(event);
}

}  // namespace tillrelay::formats
