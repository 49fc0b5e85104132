// What: the words of a .reason file: where, what, and what to do.
// Thread: any (pure).
// Limits: 200 documents of a file are described one by one.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "agent/capture/intake.h"

namespace tillrelay::capture {

// What to do, by the position of the entry.
using Hints = std::map<size_t, std::string>;

// Of a file that was rejected without asking the journal.
std::string UnreadReason(const std::string& why);
// Of a file with documents in quarantine. `hints` by entry, as HintsOf gave them.
std::string QuarantineReason(const Answer& answer,
                             const std::optional<formats::SyntaxError>& syntax, const Hints& hints);
// Of the entries that are known to be unfit before they are submitted.
Hints HintsOf(const DecodedDocument& prepared);

}  // namespace tillrelay::capture
