// What: what the commands that tell how the store stands print around the daemon's own sentences.
// Thread: immutable.
#pragma once

#include "common/language/text.h"

namespace tillrelay::strings {

// --- status ---
inline constexpr Text kCliKnown = "known";
inline constexpr Text kCliSteps = "What to do:";
inline constexpr Text kCliNumbers =
    "store {} · stored through {} · at the broker {} · confirmed {} · waiting {} · quarantine {}";

// --- issues ---
inline constexpr Text kCliHealed = "healed";
inline constexpr Text kCliSince = "since {}";
inline constexpr Text kCliCame = "since {}, came {} times";
inline constexpr Text kCliAcknowledged = "acknowledged {} by {}: {}";
inline constexpr Text kCliIssueName = "name";
inline constexpr Text kCliIssueCounts = "{} open, {} acknowledged";

}  // namespace tillrelay::strings
