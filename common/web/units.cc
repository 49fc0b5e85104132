#include "common/web/units.h"

#include <fmt/format.h>

#include <algorithm>

namespace tillrelay {

std::string_view LevelWord(Level level) {
  static constexpr std::string_view kWords[] = {"green", "amber", "red"};
  return kWords[static_cast<size_t>(level)];
}

std::string_view Symbol(Level level) {
  static constexpr std::string_view kSymbols[] = {"●", "▲", "■"};
  return kSymbols[static_cast<size_t>(level)];
}

std::string Thousands(uint64_t number) {
  std::string text = std::to_string(number);
  for (size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

std::string AgeText(Duration age) {
  const int64_t whole = std::chrono::duration_cast<std::chrono::seconds>(age).count();
  const auto count = static_cast<uint64_t>(std::max<int64_t>(0, whole));
  if (count < 120) return fmt::format("{} s", count);
  if (count < 120 * 60) return fmt::format("{} min", count / 60);
  if (count < 48 * 3600) return fmt::format("{} h", count / 3600);
  return fmt::format("{} days", count / 86400);
}

std::string BytesText(uint64_t bytes) {
  static constexpr std::string_view kUnits[] = {"bytes", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1000 && unit + 1 < std::size(kUnits)) {
    value /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} bytes", bytes)
                   : fmt::format("{:.{}f} {}", value, value < 10 ? 1 : 0, kUnits[unit]);
}

}  // namespace tillrelay
