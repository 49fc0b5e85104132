// What: is a pattern of strptime(3) one that can only be read in one way?
// Promise: a pattern that passes says the whole day, or another column does; it is read without a
//   locale, and an hour of twelve comes with its half of the day.
// Thread: any (pure).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tillrelay::config {

// What is wrong with it; nothing if it is right, or empty. `dated`: the day stands in a column of
// its own.
std::optional<std::string> WrongTimePattern(std::string_view pattern, bool dated);
std::optional<std::string> WrongDayPattern(std::string_view pattern);

}  // namespace tillrelay::config
