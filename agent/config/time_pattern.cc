#include "agent/config/time_pattern.h"

#include <fmt/format.h>

namespace tillrelay::config {
namespace {

constexpr std::string_view kKnown = "YymdebBhHMSIpTRFDznt%";

// The conversions of a pattern, each with what it stands for.
struct Conversions {
  std::string letters;
  std::optional<char> unknown;
  bool ends_open = false;

  bool Has(std::string_view any) const { return letters.find_first_of(any) != std::string::npos; }
  bool Day() const { return Has("FD") || (Has("Yy") && Has("mbBh") && Has("de")); }
};

Conversions Read(std::string_view pattern) {
  Conversions found;
  for (size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] != '%') continue;
    if (++at == pattern.size()) {
      found.ends_open = true;
      break;
    }
    if (kKnown.find(pattern[at]) == std::string_view::npos && !found.unknown) {
      found.unknown = pattern[at];
    }
    found.letters += pattern[at];
  }
  return found;
}

std::optional<std::string> Wrong(const Conversions& found) {
  if (found.ends_open) return "ends with a lone %";
  if (!found.unknown) return std::nullopt;
  return fmt::format(
      "%{} cannot be read in one way only; use %Y %m %d %H %M %S, %y %b %e, %I with %p, %F %T %R "
      "%D, "
      "and %z for an offset",
      *found.unknown);
}

}  // namespace

std::optional<std::string> WrongTimePattern(std::string_view pattern, bool dated) {
  if (pattern.empty()) return std::nullopt;
  const Conversions found = Read(pattern);
  if (auto wrong = Wrong(found)) return wrong;
  if (found.Has("I") != found.Has("p")) {
    return "%I needs %p, the half of the day, and %p needs %I";
  }
  if (found.Day()) return std::nullopt;
  if (found.Has("YymdebBh")) return "says a part of the day; %Y, %m and %d belong together";
  if (!dated) return "says no day: add it, or columns.date";
  return std::nullopt;
}

std::optional<std::string> WrongDayPattern(std::string_view pattern) {
  if (pattern.empty()) return std::nullopt;
  const Conversions found = Read(pattern);
  if (auto wrong = Wrong(found)) return wrong;
  if (!found.Day()) return "needs year, month and day";
  return std::nullopt;
}

}  // namespace tillrelay::config
