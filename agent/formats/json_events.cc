#include "agent/formats/json_events.h"

#include <cstring>

#include "agent/formats/cloudevents.h"
#include "agent/formats/json_steps.h"
#include "agent/formats/self_check.h"
#include "common/base/page_releaser.h"
#include "common/base/text.h"
#include "common/event/event_json.h"

namespace tillrelay::formats {
namespace {

using event::Rejection;

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

// Whatever else a document holds is refused as unknown.
void ListNotRead(JsonValue object, const std::string& above, NotRead* not_read) {
  for (const char* name : {"control", "origin", "agent_control", "result"}) {
    if (object.Find(name)) not_read->Add(above + name);
  }
}

// Of an item that is an object.
void ListNotReadIn(JsonValue value, Format format, NotRead* not_read) {
  if (!CloudEventsOnly(format) && !value.Find("specversion")) {
    return ListNotRead(value, "", not_read);
  }
  for (const JsonValue member : value) {
    const bool read = IsCloudEventMember(member.name());
    if (!read) not_read->Add(member.name());
  }
  if (const JsonValue data = value.Find("data")) ListNotRead(data, "data.", not_read);
}

// Turns values into items, one after the other.
class Itemiser {
 public:
  Itemiser(const JsonSource& source, const Limits& limits, const std::function<void(Item&&)>& sink)
      : format_(source.format), not_read_(source.not_read), limits_(limits), sink_(sink) {}

  void Add(std::string_view text, JsonValue value) {
    if (text.size() > limits_.event_bytes) {
      const std::string bound = std::to_string(limits_.event_bytes);
      return Reject({"bad-value", "", "the event is larger than " + bound + " bytes"}, text);
    }
    if (not_read_ != nullptr && value.is_object()) ListNotReadIn(value, format_, not_read_);
    Item item{index_, event::Event(), {}, {}};
    if (auto rejection = ReadItem(value, format_, &std::get<event::Event>(item.outcome))) {
      return Reject(*std::move(rejection), text);
    }
    item.bytes.digest = event::DigestOfBytes({text});
    ++index_;
    sink_(std::move(item));
  }
  void Reject(Rejection rejection, std::string_view text) {
    sink_({index_++, std::move(rejection), std::string(text.substr(0, limits_.event_bytes)), {}});
  }

 private:
  const Format format_;
  NotRead* const not_read_;
  const Limits& limits_;
  const std::function<void(Item&&)>& sink_;
  size_t index_ = 0;
};

// Calls `each` with every line that holds more than blanks, and its number, until it says false.
template <typename Each>
void ForEachLine(std::string_view text, const Each& each) {
  for (size_t number = 1; !text.empty(); ++number) {
    const void* end = std::memchr(text.data(), '\n', text.size());
    const size_t size = end == nullptr
                            ? text.size()
                            : static_cast<size_t>(static_cast<const char*>(end) - text.data());
    const std::string_view line = text.substr(0, size);
    if (line.find_first_not_of(" \t\r") != std::string_view::npos && !each(number, line)) return;
    text.remove_prefix(end == nullptr ? size : size + 1);
  }
}

SyntaxError TooMany(const Limits& limits, size_t offset) {
  return {offset, "more than " + std::to_string(limits.events) + " events", "split the document"};
}

// What the media type promises about the root.
std::optional<SyntaxError> WrongRoot(Format format, bool is_array) {
  constexpr const char* kHint = "correct the Content-Type or the document";
  if (format == Format::kCloudEvent && is_array) {
    return SyntaxError{0, "expected one CloudEvent; a list is application/cloudevents-batch+json",
                       kHint};
  }
  if (format == Format::kCloudEventBatch && !is_array) {
    return SyntaxError{
        0, "expected a list of CloudEvents; a single one is application/cloudevents+json", kHint};
  }
  return std::nullopt;
}

// A document that is larger than one event may be.
std::optional<SyntaxError> DecodeInSteps(JsonSource source, const Limits& limits, Itemiser* items) {
  std::string_view root;
  if (auto error = CheckWhole(source.bytes, limits, &root)) return error;
  if (auto error = WrongRoot(source.format, root.starts_with('['))) return error;
  return ForEachElement(
      source.parser, source.bytes, root, limits,
      [items](std::string_view text, JsonValue value) { items->Add(text, value); });
}

std::optional<SyntaxError> DecodeDocument(JsonSource source, const Limits& limits,
                                          Itemiser* items) {
  if (source.bytes.size() > limits.event_bytes) return DecodeInSteps(source, limits, items);
  JsonValue root;
  if (auto error = ParseWhole(source.parser, source.bytes, limits, &root)) return error;
  if (auto error = WrongRoot(source.format, root.is_array())) return error;
  if (root.is_object()) {
    items->Add(root.text(), root);
    return std::nullopt;
  }
  if (root.size() > limits.events) return TooMany(limits, 0);
  for (const JsonValue value : root) items->Add(value.text(), value);
  return std::nullopt;
}

std::optional<SyntaxError> DecodeLines(JsonSource source, const Limits& limits, Itemiser* items) {
  const std::string_view all = Padded(source.bytes);
  size_t count = 0;
  ForEachLine(all, [&](size_t, std::string_view) { return ++count <= limits.events; });
  if (count > limits.events) return TooMany(limits, 0);
  PageReleaser passed(all);
  ForEachLine(all, [&](size_t number, std::string_view text) {
    passed.Passed(text.data());
    if (text.size() > limits.event_bytes) {
      items->Add(text, {});
      return true;
    }
    const auto root = source.parser.ParsePadded(text, JsonBounds(limits));
    if (root.ok()) {
      items->Add(root->text(), *root);
      return true;
    }
    const JsonError& error = source.parser.error();
    const size_t offset = static_cast<size_t>(text.data() - source.bytes.data()) + error.offset;
    items->Reject({"not-syntax", "line " + std::to_string(number),
                   "byte " + std::to_string(offset) + ": " + error.what},
                  text);
    return true;
  });
  return std::nullopt;
}

}  // namespace

std::optional<SyntaxError> DecodeJson(JsonSource source, const Limits& limits,
                                      const std::function<void(Item&&)>& sink) {
  Itemiser items(source, limits, sink);
  return source.format == Format::kNdjson ? DecodeLines(source, limits, &items)
                                          : DecodeDocument(source, limits, &items);
}

std::optional<Rejection> ReadCanonical(JsonValue object, std::optional<event::Kind> kind,
                                       event::Event* event) {
  const JsonValue reported = object.Find("kind");
  if (reported) {
    const auto parsed =
        event::ParseKind(reported.is_string() ? reported.text() : std::string_view());
    if (!parsed) {
      const std::string_view near = Nearest(reported.text().substr(0, 40), event::kKindWords);
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
