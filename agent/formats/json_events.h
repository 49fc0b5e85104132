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

// `cloud`: every item must be a CloudEvent; otherwise an item is one if it has a specversion.
std::optional<SyntaxError> DecodeJson(JsonParser* parser, std::string& bytes, const Limits& limits,
                                      bool cloud, const std::function<void(Item&&)>& sink);
std::optional<SyntaxError> DecodeLines(JsonParser* parser, std::string& bytes, const Limits& limits,
                                       const std::function<void(Item&&)>& sink);

// Reads one canonical object. `kind` is known already for the data of a CloudEvent.
std::optional<event::Rejection> ReadCanonical(JsonValue object, std::optional<event::Kind> kind,
                                              event::Event* event);

}  // namespace tillrelay::formats
