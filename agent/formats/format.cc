#include "agent/formats/format.h"

#include <algorithm>

#include "agent/formats/encoding.h"
#include "agent/formats/epcis.h"
#include "agent/formats/json_events.h"
#include "agent/formats/poslog/poslog.h"
#include "common/base/check.h"

namespace tillrelay::formats {
namespace {

// Of a document in UTF-16, to see what it is.
constexpr size_t kLookBytes = 8192;

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

// Measured by tests/system/memory_test.py. The bytes themselves, UTF-8 beside UTF-16, and: the
// names and the tree of one transaction; the table of receipts.
size_t MemoryFactor(Format format) {
  return format == Format::kPosLog || format == Format::kCsv ? 3 : 2;
}

std::optional<Format> Sniff(std::string_view bytes, std::string_view file_name) {
  const std::string name = Lower(file_name);
  if (name.ends_with(".csv")) return Format::kCsv;
  if (name.ends_with(".ndjson") || name.ends_with(".jsonl")) return Format::kNdjson;
  std::string wide;
  if (const auto encoding = EncodingOf(bytes)) {
    wide = ToUtf8(bytes.substr(0, kLookBytes), *encoding).text;
    bytes = wide;
  }
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
  const poslog::Vocabulary* words = &poslog::BuiltInVocabulary();

  std::optional<SyntaxError> Decode(Format format, std::string& bytes, const Limits& limits,
                                    const std::function<void(Item&&)>& sink, NotRead* not_read);
};

Decoder::Decoder() : state_(std::make_unique<State>()) {}
Decoder::Decoder(const poslog::Vocabulary* words) : Decoder() {
  if (words != nullptr) state_->words = words;
}
Decoder::~Decoder() = default;

std::optional<SyntaxError> Decoder::Decode(Format format, std::string& bytes, const Limits& limits,
                                           const std::function<void(Item&&)>& sink) {
  return Decode({format, std::nullopt}, bytes, limits, sink);
}

std::optional<SyntaxError> Decoder::Decode(Declared declared, std::string& bytes,
                                           const Limits& limits,
                                           const std::function<void(Item&&)>& sink,
                                           NotRead* not_read) {
  const auto numbered = [&sink](Item&& item) {
    if (auto* event = std::get_if<event::Event>(&item.outcome)) {
      event->origin->index = static_cast<int64_t>(item.index);
    }
    sink(std::move(item));
  };
  const Format format = declared.format;
  CHECK(format != Format::kCsv);
  if (format == Format::kPosLog)
    return DecodePosLog(bytes, *state_->words, limits, numbered, not_read);
  // A mark or zero bytes tell more than a name.
  const auto shown = EncodingOf(bytes);
  const auto encoding = shown ? shown : declared.encoding;
  if (!encoding || *encoding == Encoding::kUtf8) {
    return state_->Decode(format, bytes, limits, numbered, not_read);
  }
  Origin origin;
  if (auto fault = MakeUtf8(&bytes, *encoding, limits.text_bytes, &origin)) {
    return SyntaxError{fault->offset, fault->what, "send the document again, whole, or as UTF-8"};
  }
  auto error = state_->Decode(format, bytes, limits, numbered, not_read);
  if (error) error->offset = OriginalOffset(bytes, origin, error->offset);
  return error;
}

std::optional<SyntaxError> Decoder::State::Decode(Format format, std::string& bytes,
                                                  const Limits& limits,
                                                  const std::function<void(Item&&)>& sink,
                                                  NotRead* not_read) {
  if (format == Format::kEpcis) return DecodeEpcis(parser, bytes, limits, sink, not_read);
  return DecodeJson({parser, format, bytes, not_read}, limits, sink);
}

}  // namespace tillrelay::formats
