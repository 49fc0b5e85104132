#include "common/web/units.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/web/unit_strings.h"

namespace tillrelay {

std::string_view LevelWord(Level level) {
  static constexpr std::string_view kWords[] = {"green", "amber", "red"};
  return kWords[static_cast<size_t>(level)];
}

std::string_view Symbol(Level level) {
  static constexpr std::string_view kSymbols[] = {"●", "▲", "■"};
  return kSymbols[static_cast<size_t>(level)];
}

std::string Thousands(uint64_t number) { return strings::Number(number); }

namespace {

constexpr int64_t kDayS = 86'400, kSayDaysFrom = 2 * kDayS;

int64_t SecondsOf(Duration age) {
  return std::max<int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(age).count());
}
uint64_t DaysOf(int64_t seconds) { return static_cast<uint64_t>(seconds / kDayS); }

}  // namespace

std::string AgeText(Duration age) {
  const int64_t count = SecondsOf(age);
  if (count < 120) return fmt::format("{} s", count);
  if (count < 120 * 60) return fmt::format("{} min", count / 60);
  if (count < kSayDaysFrom) return fmt::format("{} h", count / 3600);
  return strings::Count(strings::kDayCount, DaysOf(count));
}

std::string AgoText(Duration age) {
  const int64_t count = SecondsOf(age);
  return count < kSayDaysFrom ? strings::Say(strings::kAgo, AgeText(age))
                              : strings::Count(strings::kDaysAgo, DaysOf(count));
}

std::string SinceText(Duration age) {
  const int64_t count = SecondsOf(age);
  return count < kSayDaysFrom ? strings::Say(strings::kSinceAge, AgeText(age))
                              : strings::Count(strings::kSinceDays, DaysOf(count));
}

std::string BytesText(uint64_t bytes) {
  static constexpr std::string_view kUnits[] = {"", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1000 && unit + 1 < std::size(kUnits)) {
    value /= 1000;
    ++unit;
  }
  if (unit == 0) return strings::Count(strings::kByteCount, bytes);
  return fmt::format("{} {}", strings::Fraction(fmt::format("{:.{}f}", value, value < 10 ? 1 : 0)),
                     kUnits[unit]);
}

}  // namespace tillrelay
