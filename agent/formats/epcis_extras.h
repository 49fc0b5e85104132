// What: what makers add to an EPCIS document and its events, at any depth, and what of it says that
//   nothing was sold: a true that nobody knows, a name or a word that plainly decides, an error
//   declaration under any prefix.
// Promise: pure; what decides is refused by name, everything else is left alone.
// Thread: any.
// Errors: rejections unknown-word and unsupported.
#pragma once

#include <optional>

#include "common/base/json_reader.h"
#include "common/event/event.h"

namespace tillrelay::formats {

// Of an event that has become one of this kind.
std::optional<event::Rejection> ForbiddenByExtras(JsonValue event, event::Kind kind);
// Of what stands around the events of a document, for all of them.
std::optional<event::Rejection> ForbiddenByFrame(JsonValue document);

}  // namespace tillrelay::formats
