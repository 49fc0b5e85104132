// What: CloudEvents 1.0 in structured JSON, one or a batch, whose data is a canonical document.
// Promise: the envelope is checked by the specification; its own id and source are kept in
//   `origin`; identity still comes from the document alone.
// Thread: one parser per thread.
#pragma once

#include <optional>
#include <string_view>

#include "common/base/json_reader.h"
#include "common/event/event.h"

namespace tillrelay::formats {

// Rejections: missing-field, bad-value, unsupported (another type, binary data).
// Whether a member of that name is read.
bool IsCloudEventMember(std::string_view name);

std::optional<event::Rejection> ReadCloudEvent(JsonValue object, event::Event* event);

}  // namespace tillrelay::formats
