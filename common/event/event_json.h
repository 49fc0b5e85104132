// What: an Event as the JSON object `data`, written and read by walking common/event/fields.h.
// Promise: writing is canonical: the same event gives the same bytes, members in table order, unset
//   ones absent. Reading keeps nothing that the table does not name; an unknown member is refused
//   by its path, with the nearest known name.
// Thread: any.
#pragma once

#include <optional>
#include <string>

#include "common/base/json_reader.h"
#include "common/event/event.h"

namespace tillrelay::event {

// Appends the object to `*out`.
void WriteData(const Event& event, std::string* out);

// `data` with its kind in front: a document that can be corrected and sent again.
std::string WithKind(Kind kind, std::string_view data);

// The same of a transaction whose business day only followed from its time.
std::string WithoutDay(std::string document);

// Reads the members of `object` into `*event` (whose kind the caller has set). Members that the
// agent derives itself (control, origin, agent_control, result) are taken or skipped and later
// replaced. The first mistake comes back.
std::optional<Rejection> ReadData(JsonValue object, Event* event);

}  // namespace tillrelay::event
