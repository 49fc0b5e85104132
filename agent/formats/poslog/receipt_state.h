// What: what became of a basket: carried out, parked, taken up again, given up, trained with, or
//   the taking back of an earlier one; and the links that a transaction carries to others.
// Promise: a state that could mean two things is refused, and so is a word that is not known.
// Thread: any (pure).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/formats/poslog/vocabulary.h"
#include "agent/formats/poslog/xml_tree.h"
#include "common/event/event.h"

namespace tillrelay::formats::poslog {

enum class State : uint8_t { kCarriedOut, kSuspended, kResumed, kCancelled, kTraining, kPostVoid };

// The word of a filler's `status`; "" for what is more than a filler.
std::string_view StatusWord(State state);

// What is asked about a transaction's state.
struct StateSource {
  XmlElement root;
  XmlElement basket;  // the receipt; empty where the transaction is none
  const Vocabulary& words;
};

struct ReadStateResult {
  State state = State::kCarriedOut;
  bool offline = false;
  bool is_return = false;  // its type says so: a line must come back
};

// Rejections: unknown-word, bad-value, unsupported.
std::optional<event::Rejection> ReadState(const StateSource& source, ReadStateResult* result);

enum class Link : uint8_t { kResume, kVoid, kReturn };

// The TransactionLink of that meaning, of the transaction or its receipt; empty if there is none.
XmlElement LinkOf(const StateSource& source, Link link);

}  // namespace tillrelay::formats::poslog
