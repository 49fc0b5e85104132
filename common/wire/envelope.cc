#include "common/wire/envelope.h"

#include <fmt/format.h>

#include <charconv>

#include "common/base/json_writer.h"

namespace tillrelay::wire {
namespace {

constexpr std::string_view kTypePrefix = "org.tillrelay.";
constexpr std::string_view kTypeSuffix = ".v1";
constexpr std::string_view kSourcePrefix = "urn:tillrelay:store:";
constexpr std::string_view kSourceMiddle = ":stream:";

Status Bad(std::string_view attribute) {
  return Invalid(fmt::format("attribute {} is missing or malformed", attribute));
}

bool ReadSource(std::string_view source, Envelope* envelope) {
  if (!source.starts_with(kSourcePrefix)) return false;
  const std::string_view rest = source.substr(kSourcePrefix.size());
  const size_t middle = rest.find(kSourceMiddle);
  if (middle == std::string_view::npos || middle == 0) return false;
  envelope->store = rest.substr(0, middle);
  envelope->stream = rest.substr(middle + kSourceMiddle.size());
  return envelope->stream.size() == 26;
}

bool ReadSequence(std::string_view text, uint64_t* sequence) {
  if (text.size() != 20) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *sequence);
  return error == std::errc() && end == text.data() + text.size() && *sequence > 0;
}

// A type that is not ours stays whole: it names no kind that anybody knows.
std::string_view KindOf(std::string_view type) {
  const bool ours = type.starts_with(kTypePrefix) && type.ends_with(kTypeSuffix) &&
                    type.size() > kTypePrefix.size() + kTypeSuffix.size();
  if (!ours) return type;
  type.remove_prefix(kTypePrefix.size());
  type.remove_suffix(kTypeSuffix.size());
  return type;
}

}  // namespace

std::string SequenceText(uint64_t sequence) { return fmt::format("{:020}", sequence); }

void WriteEnvelope(const Envelope& e, std::string* out) {
  out->reserve(out->size() + e.data.size() + 640);
  JsonWriter json(out);
  json.BeginObject()
      .Field("specversion", "1.0")
      .Field("id", UuidText(e.id))
      .Field("source", fmt::format("{}{}{}{}", kSourcePrefix, e.store, kSourceMiddle, e.stream))
      .Field("type", fmt::format("{}{}{}", kTypePrefix, e.kind, kTypeSuffix))
      .Field("subject", e.subject)
      .Field("time", e.time)
      .Field("recordedtime", e.recorded_at)
      .Field("datacontenttype", "application/json")
      .Field("dataschema", fmt::format("https://tillrelay.org/schemas/{}/1.json", e.kind))
      .Field("sequence", SequenceText(e.sequence))
      .Field("partitionkey", e.store)
      .Field("chain", ToHex(BytesOf(e.chain)))
      .Field("previouschain", ToHex(BytesOf(e.previous)));
  if (e.parked) json.Field("datahash", ToHex(BytesOf(e.data_digest)));
  json.Key("data").Raw(e.data).EndObject();
}

std::string ParkedData(std::string_view kind, uint64_t bytes, std::string_view reason) {
  std::string data;
  JsonWriter json(&data);
  json.BeginObject().Field("kind", kind).Field("bytes", bytes).Field("reason", reason).EndObject();
  return data;
}

Result<Envelope> ReadEnvelope(JsonValue value) {
  Envelope e;
  if (!value.is_object()) return Invalid("not a CloudEvent object");
  if (value.String("specversion") != "1.0") return Bad("specversion");
  if (!ParseUuid(value.String("id"), &e.id)) return Bad("id");
  if (!ReadSource(value.String("source"), &e)) return Bad("source");
  if (value.String("partitionkey") != e.store) return Bad("partitionkey");
  if (!ReadSequence(value.String("sequence"), &e.sequence)) return Bad("sequence");
  if (!ParseChain(value.String("chain"), &e.chain)) return Bad("chain");
  if (!ParseChain(value.String("previouschain"), &e.previous)) return Bad("previouschain");
  e.kind = KindOf(value.String("type"));
  e.subject = value.String("subject");
  e.time = value.String("time");
  e.recorded_at = value.String("recordedtime");
  const JsonValue data = value.Find("data");
  if (!data.is_object()) return Bad("data");
  e.data = data.text();
  e.parked = e.kind == kParkedKind;
  if (!e.parked) {
    e.data_digest = Sha256(e.data);
  } else if (!FromHex(value.String("datahash"), e.data_digest.data(), e.data_digest.size())) {
    return Bad("datahash");
  }
  return e;
}

}  // namespace tillrelay::wire
