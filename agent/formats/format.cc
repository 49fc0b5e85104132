#include "agent/formats/format.h"

#include <algorithm>

#include "agent/formats/epcis.h"
#include "agent/formats/json_events.h"
#include "agent/formats/poslog/poslog.h"
#include "common/base/check.h"

namespace tillrelay::formats {
namespace {

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

struct MediaType {
  std::string_view name;
  Format format;
};
constexpr MediaType kMediaTypes[] = {
    {"application/json", Format::kJson},
    {"application/x-ndjson", Format::kNdjson},
    {"application/ndjson", Format::kNdjson},
    {"application/jsonl", Format::kNdjson},
    {"application/cloudevents+json", Format::kCloudEvent},
    {"application/cloudevents-batch+json", Format::kCloudEventBatch},
    {"application/vnd.gs1.epcis+json", Format::kEpcis},
    {"application/ld+json", Format::kEpcis},
    {"text/csv", Format::kCsv},
    {"application/xml", Format::kPosLog},
    {"text/xml", Format::kPosLog}};

}  // namespace

std::optional<Format> ByContentType(std::string_view content_type) {
  const std::string_view bare = content_type.substr(0, content_type.find(';'));
  const size_t from = bare.find_first_not_of(" \t");
  if (from == std::string_view::npos) return std::nullopt;
  const std::string name = Lower(bare.substr(from, bare.find_last_not_of(" \t") - from + 1));
  for (const MediaType& type : kMediaTypes) {
    if (type.name == name) return type.format;
  }
  return std::nullopt;
}

std::string_view MediaTypeOf(Format format) {
  const auto* found =
      std::find_if(std::begin(kMediaTypes), std::end(kMediaTypes),
                   [format](const MediaType& type) { return type.format == format; });
  return found->name;
}

std::string_view ItemMediaType(Format format) {
  return MediaTypeOf(format == Format::kNdjson            ? Format::kJson
                     : format == Format::kCloudEventBatch ? Format::kCloudEvent
                                                          : format);
}

std::optional<Format> Sniff(std::string_view bytes, std::string_view file_name) {
  const std::string name = Lower(file_name);
  if (name.ends_with(".csv")) return Format::kCsv;
  if (name.ends_with(".ndjson") || name.ends_with(".jsonl")) return Format::kNdjson;
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) return Format::kPosLog;
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  const size_t first = bytes.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return std::nullopt;
  switch (bytes[first]) {
    case '<':
      return Format::kPosLog;
    case '{':
    case '[':
      return LooksLikeEpcis(bytes) ? Format::kEpcis : Format::kJson;
    default:
      return std::nullopt;
  }
}

struct Decoder::State {
  JsonParser parser;
};

Decoder::Decoder() : state_(std::make_unique<State>()) {}
Decoder::~Decoder() = default;

std::optional<SyntaxError> Decoder::Decode(Format format, std::string& bytes, const Limits& limits,
                                           const std::function<void(Item&&)>& sink) {
  const auto numbered = [&sink](Item&& item) {
    if (auto* event = std::get_if<event::Event>(&item.outcome)) {
      event->origin->index = static_cast<int64_t>(item.index);
    }
    sink(std::move(item));
  };
  CHECK(format != Format::kCsv);
  if (format == Format::kPosLog) return DecodePosLog(bytes, limits, numbered);
  if (format == Format::kEpcis) return DecodeEpcis(state_->parser, bytes, limits, numbered);
  return DecodeJson({state_->parser, format, bytes}, limits, numbered);
}

}  // namespace tillrelay::formats
