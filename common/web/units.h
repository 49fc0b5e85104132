// What: how bad something is, and figures as people read them; the same on every page of ours, in
//   the language that is spoken (common/language/text.h).
// Thread: any (pure).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/clock.h"

namespace tillrelay {

enum class Level { kGreen, kAmber, kRed };
std::string_view LevelWord(Level level);  // "green", "amber", "red"; the style sheet's classes too
std::string_view Symbol(Level level);     // "●", "▲", "■"

std::string Thousands(uint64_t number);  // "48,201"
std::string AgeText(Duration age);       // "12 s", "39 min", "5 h", "3 days"
std::string AgoText(Duration age);       // "39 min ago"
std::string SinceText(Duration age);     // "since 3 days ago"
std::string BytesText(uint64_t bytes);   // "8.1 GB"

}  // namespace tillrelay
