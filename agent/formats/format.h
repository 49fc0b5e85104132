// What: bytes to events. One decoder per format, behind one function.
// Promise: pure: no clock, disk or network. Nothing reaches the sink unless the whole document is
//   well-formed, so a document cut short gives no events at all. Raw bytes are never kept beyond
//   the scrubbable excerpt of an item that cannot be mapped.
// Thread: any; a Decoder belongs to one thread at a time.
// Limits: see Limits.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "agent/formats/encoding.h"
#include "agent/formats/not_read.h"
#include "common/event/event.h"
#include "common/event/identity.h"

namespace tillrelay::formats {

enum class Format { kJson, kNdjson, kCloudEvent, kCloudEventBatch, kPosLog, kEpcis, kCsv };

// By the media type of a request ("application/xml; charset=utf-8"), parameters ignored.
std::optional<Format> ByContentType(std::string_view content_type);
// The media type under which one item of such a document can be sent by itself.
std::string_view ItemMediaType(Format format);
// The media type of the document as a whole; CSV needs its profile beside it.
std::string_view MediaTypeOf(Format format);
// By first bytes and name of a file: .csv, .ndjson/.jsonl, '<', '{', '[', and a JSON-LD context for
// EPCIS.
std::optional<Format> Sniff(std::string_view bytes, std::string_view file_name);

// How many times its bytes a document takes while it is decoded, without what is made of it.
size_t MemoryFactor(Format format);

struct Limits {
  int depth = 64;
  size_t string_bytes = 64 * 1024;
  size_t event_bytes = 1024 * 1024;
  size_t events = 100'000;
  size_t text_bytes = 64 * 1024 * 1024;  // of a document, once it is UTF-8
};

// One item of a document: an event that still has to pass the rules, or why it cannot be one, with
// the item's own text (to be scrubbed) for the quarantine.
struct Item {
  size_t index = 0;
  std::variant<event::Event, event::Rejection> outcome;
  std::string excerpt;         // set for rejections; at most Limits::event_bytes
  event::OwnBytes bytes = {};  // of the item's own text
};

// The document as a whole is not the declared syntax.
struct SyntaxError {
  size_t offset = 0;
  std::string what;
  std::string hint;
};

namespace poslog {
class Vocabulary;
}

class Decoder {
 public:
  Decoder();
  // With the words that the shop has taught; they outlive the decoder.
  explicit Decoder(const poslog::Vocabulary* words);
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // What whoever sent the document says about it. The encoding counts for JSON only: XML names its
  // own. Without one, JSON is UTF-8, or UTF-16 that shows itself (encoding.h).
  struct Declared {
    Format format;
    std::optional<Encoding> encoding;
  };
  // Every format but CSV, which needs a profile (csv.h).
  // Calls `sink` once per item, in order. JSON in another encoding makes `bytes` UTF-8. Offsets of
  // errors count in the bytes that were given, but those of single lines (NDJSON) in UTF-8. What
  // the items of a large document were made of reads as zeros afterwards: its memory is given back.
  // `not_read`, if it is given, is told what no decoder reads.
  std::optional<SyntaxError> Decode(Declared declared, std::string& bytes, const Limits& limits,
                                    const std::function<void(Item&&)>& sink,
                                    NotRead* not_read = nullptr);
  std::optional<SyntaxError> Decode(Format format, std::string& bytes, const Limits& limits,
                                    const std::function<void(Item&&)>& sink);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tillrelay::formats
