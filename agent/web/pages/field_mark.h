// What: where in a quarantined document the field stands that was not accepted, and a document
//   laid out for reading.
// Promise: pure; any bytes are taken. No place found is an ordinary answer.
// Thread: any.
// Limits: nesting of kMaxDepth is followed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tillrelay::web {

struct Mark {
  size_t begin = 0, end = 0;
};

// `field` as the intake names it: "lines[0].uom" in JSON, "LineItem[1].Quantity" in XML, "line 2".
// Where the field itself is missing, the part that should have it is marked.
std::optional<Mark> FindField(std::string_view document, std::string_view field);

// JSON with one member a line, XML with one element a line; what has lines already, and anything
// else, as it is.
std::string LaidOut(std::string_view document);

}  // namespace tillrelay::web
