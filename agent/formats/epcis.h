// What: EPCIS 2.0 JSON and JSON-LD (GS1 EPCIS and Core Business Vocabulary 2.0) to events: what a
//   shop tells about goods that were sold, came back, were sent, arrived, were counted or lost.
//   docs/formats.md, "EPCIS", has the table.
// Promise: pure; a document that is not JSON to its end gives no item; an event that says nothing
//   about a shop's stock is a rejected item with a reason, never a guess.
// Thread: one parser per thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "agent/formats/format.h"
#include "common/base/json_reader.h"

namespace tillrelay::formats {

// A file that is JSON and starts like EPCIS. A canonical document never has a JSON-LD context.
bool LooksLikeEpcis(std::string_view bytes);

std::optional<SyntaxError> DecodeEpcis(JsonParser& parser, std::string& bytes, const Limits& limits,
                                       const std::function<void(Item&&)>& sink,
                                       NotRead* not_read = nullptr);

}  // namespace tillrelay::formats
