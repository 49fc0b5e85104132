// What: what became of a basket: carried out, parked, taken up again, given up, trained with, or
// the
//   taking back of an earlier one; and the links that a transaction carries to others.
// Promise: a state that could mean two things is refused.
// Thread: any (pure).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/formats/poslog/xml_tree.h"
#include "common/event/event.h"

namespace tillrelay::formats::poslog {

enum class State : uint8_t { kCarriedOut, kSuspended, kResumed, kCancelled, kTraining, kPostVoid };

// The word of a filler's `status`; "" for what is more than a filler.
std::string_view StatusWord(State state);

// `body` may be empty: a transaction that is only a flag. Rejection: unsupported.
std::optional<event::Rejection> ReadState(XmlElement root, XmlElement body, State* state);

enum class Link : uint8_t { kResume, kVoid, kReturn };

// The TransactionLink of that meaning, of the transaction or its body; empty if there is none.
XmlElement LinkOf(XmlElement root, XmlElement body, Link link);

}  // namespace tillrelay::formats::poslog
