// What: canonical JSON to events: {"kind": KIND, ...}, an array of them, or one per line. An object
//   with "specversion" is taken as a CloudEvent wherever it stands.
// Promise: a document that is not JSON to its end gives no item; of NDJSON each line stands alone,
//   and a line cut short is a rejected item.
// Thread: one parser per thread.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "agent/formats/format.h"
#include "common/base/json_reader.h"

namespace tillrelay::formats {

struct JsonSource {
  JsonParser& parser;
  Format format;  // kJson, kNdjson, or a CloudEvents format, where every item must be one
  std::string& bytes;
  NotRead* not_read = nullptr;  // told what is not read
};

std::optional<SyntaxError> DecodeJson(JsonSource source, const Limits& limits,
                                      const std::function<void(Item&&)>& sink);

// Reads one canonical object. `kind` is known already for the data of a CloudEvent.
std::optional<event::Rejection> ReadCanonical(JsonValue object, std::optional<event::Kind> kind,
                                              event::Event* event);

}  // namespace tillrelay::formats
