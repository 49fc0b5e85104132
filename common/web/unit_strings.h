// What: words of units, beside common/web/units.h.
// Thread: immutable.
#pragma once

#include "common/language/text.h"

namespace tillrelay::strings {

inline constexpr Plural kDayCount{"{} day", "{} days"};
inline constexpr Plural kByteCount{"{} byte", "{} bytes"};
inline constexpr Plural kDaysAgo{"{} day ago", "{} days ago"};
inline constexpr Plural kSinceDays{"since {} day ago", "since {} days ago"};
inline constexpr Text kAgo = "{} ago";
inline constexpr Text kSinceAge = "since {} ago";
inline constexpr Text kSince = "since {}";

}  // namespace tillrelay::strings
