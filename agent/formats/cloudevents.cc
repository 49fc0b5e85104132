#include "agent/formats/cloudevents.h"

#include <algorithm>
#include <iterator>

#include "agent/formats/json_events.h"
#include "common/base/text.h"
#include "common/event/time_text.h"

namespace tillrelay::formats {
namespace {

using event::Rejection;

constexpr std::string_view kTypePrefix = "org.tillrelay.";
constexpr std::string_view kTypeSuffix = ".v1";
constexpr size_t kMaxKeptBytes = 2000;

// CloudEvents 1.0.2, "Attribute Naming Convention"; data_base64 is a member, not an attribute.
bool IsAttributeName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
}

std::optional<Rejection> Required(JsonValue object) {
  for (const char* name : {"specversion", "id", "source", "type"}) {
    const JsonValue value = object.Find(name);
    if (!value || value.is_null()) {
      return Rejection{"missing-field", name, "CloudEvents 1.0 requires this attribute"};
    }
    if (!value.is_string() || value.text().empty() || value.text().size() > kMaxKeptBytes) {
      return Rejection{"bad-value", name, "expected a text that is not empty"};
    }
  }
  if (object.String("specversion") != "1.0") {
    return Rejection{"unsupported", "specversion", "send CloudEvents 1.0"};
  }
  return std::nullopt;
}

std::optional<Rejection> Attributes(JsonValue object) {
  for (const JsonValue member : object) {
    if (member.name() == "data" || member.name() == "data_base64") continue;
    if (!IsAttributeName(member.name())) {
      return Rejection{"bad-value", Printable(member.name(), 60),
                       "attribute names are lower-case letters and digits"};
    }
    if (member.is_object() || member.is_array()) {
      return Rejection{"bad-value", Printable(member.name(), 60),
                       "attributes are texts, numbers or true and false"};
    }
  }
  const JsonValue time = object.Find("time");
  if (time && !time.is_null() && !(time.is_string() && event::ParseTime(time.text()).ok())) {
    return Rejection{"bad-value", "time", "expected a time as in RFC 3339"};
  }
  const std::string_view media = object.String("datacontenttype");
  if (!media.empty() && media != "application/json" && !media.starts_with("application/json;") &&
      !media.ends_with("+json")) {
    return Rejection{"unsupported", "datacontenttype", "send the data as JSON"};
  }
  return std::nullopt;
}

std::optional<event::Kind> KindOf(std::string_view type) {
  if (!type.starts_with(kTypePrefix) || !type.ends_with(kTypeSuffix) ||
      type.size() <= kTypePrefix.size() + kTypeSuffix.size()) {
    return std::nullopt;
  }
  type.remove_prefix(kTypePrefix.size());
  type.remove_suffix(kTypeSuffix.size());
  const auto kind = event::ParseKind(type);
  const bool own = kind == event::Kind::kStreamOpened || kind == event::Kind::kLoss;
  return own ? std::nullopt : kind;
}

// Paths of the document inside: "data.lines[0].quantity".
Rejection Inside(Rejection rejection) {
  if (!rejection.field.starts_with("data.")) rejection.field.insert(0, "data.");
  return rejection;
}

}  // namespace

bool IsCloudEventMember(std::string_view name) {
  constexpr std::string_view kRead[] = {"specversion", "id",   "source",
                                        "type",        "data", "datacontenttype"};
  return std::find(std::begin(kRead), std::end(kRead), name) != std::end(kRead);
}

std::optional<Rejection> ReadCloudEvent(JsonValue object, event::Event* event) {
  if (auto rejection = Required(object)) return rejection;
  if (auto rejection = Attributes(object)) return rejection;
  const auto kind = KindOf(object.String("type"));
  if (!kind) {
    return Rejection{"unsupported", "type",
                     "use org.tillrelay.KIND.v1, such as org.tillrelay.sale.v1"};
  }
  if (object.Find("data_base64")) {
    return Rejection{"unsupported", "data_base64", "send the document as JSON in \"data\""};
  }
  const JsonValue data = object.Find("data");
  if (!data) return Rejection{"missing-field", "data", "the canonical document belongs here"};
  if (!data.is_object()) return Rejection{"bad-value", "data", "expected an object"};
  if (auto rejection = ReadCanonical(data, kind, event)) return Inside(*std::move(rejection));
  event->origin->dialect = "cloudevents-1.0/canonical-json-1";
  event->origin->source_event_id = std::string(object.String("id"));
  event->origin->source_event_source = std::string(object.String("source"));
  return std::nullopt;
}

}  // namespace tillrelay::formats
