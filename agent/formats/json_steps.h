// What: JSON documents for the decoders: small ones as one tree, large ones an element at a time.
// Promise: nothing is handed over unless the whole document is well-formed. In steps at most one
//   element's tree exists at a time, so a large document costs little more than its own bytes; an
//   element that is larger than Limits::event_bytes gets no tree at all.
// Thread: one parser per thread; views into the document and the parser.
// Errors: where the document is not what it claims to be.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "agent/formats/format.h"
#include "common/base/json_reader.h"

namespace tillrelay::formats {

JsonLimits JsonBounds(const Limits& limits);
// `bytes` without a byte order mark, with the parser's padding behind it.
std::string_view Padded(std::string& bytes);

// The whole document as one tree.
std::optional<SyntaxError> ParseWhole(JsonParser& parser, std::string& bytes, const Limits& limits,
                                      JsonValue* root);

// The whole document without a tree: `root` is the text of its one value. Names that stand twice
// are found by ForEachElement only.
std::optional<SyntaxError> CheckWhole(std::string& bytes, const Limits& limits,
                                      std::string_view* root);
// The text of that member of an object's text, which has been checked; empty if there is none, or
// no object. `twice` is set if the name stands there more than once.
std::string_view RawMember(std::string_view object, std::string_view name, const Limits& limits,
                           bool* twice);

// Calls `each` with every element of `array`, the checked text of an array (or of one value, which
// is then the only element) within `document`. `value` is empty for what is no object and for what
// is larger than an event may be.
using EachElement = std::function<void(std::string_view text, JsonValue value)>;
std::optional<SyntaxError> ForEachElement(JsonParser& parser, std::string_view document,
                                          std::string_view array, const Limits& limits,
                                          const EachElement& each);

}  // namespace tillrelay::formats
