#include "common/base/decimal.h"

#include <algorithm>
#include <iterator>

namespace tillrelay {
namespace {

constexpr uint8_t kMaxScale = 6;
constexpr uint8_t kNoiseScale = 4;
constexpr int64_t kPowers[] = {1, 10, 100, 1000, 10'000, 100'000, 1'000'000};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Half-even rounding of `digits` (the whole fraction) to four decimals, in micro-units.
int64_t RoundFraction(std::string_view digits) {
  int64_t kept = 0;
  for (size_t i = 0; i < kNoiseScale; ++i) kept = kept * 10 + (digits[i] - '0');
  const char next = digits[kNoiseScale];
  const auto rest = digits.substr(kNoiseScale + 1);
  const bool exactly_half =
      next == '5' && std::all_of(rest.begin(), rest.end(), [](char c) { return c == '0'; });
  if (exactly_half ? kept % 2 == 1 : next >= '5') ++kept;
  return kept * 100;
}

std::string Render(int64_t micros, size_t scale) {
  const bool negative = micros < 0;
  const auto magnitude = static_cast<uint64_t>(negative ? -micros : micros);
  char text[32];
  char* at = std::end(text);  // written from the back
  uint64_t fraction =
      magnitude % Decimal::kUnit / static_cast<uint64_t>(kPowers[kMaxScale - scale]);
  for (size_t i = 0; i < scale; ++i, fraction /= 10) *--at = static_cast<char>('0' + fraction % 10);
  if (scale > 0) *--at = '.';
  uint64_t whole = magnitude / Decimal::kUnit;
  do {
    *--at = static_cast<char>('0' + whole % 10);
    whole /= 10;
  } while (whole > 0);
  if (negative) *--at = '-';
  return {at, std::end(text)};
}

}  // namespace

Result<Decimal> Decimal::Parse(std::string_view text, bool* rounded) {
  const bool negative = !text.empty() && text.front() == '-';
  std::string_view rest = text.substr(negative ? 1 : 0);
  const size_t point = std::min(rest.find('.'), rest.size());
  const std::string_view whole = rest.substr(0, point);
  const std::string_view fraction = point < rest.size() ? rest.substr(point + 1) : "";
  const bool bare_point = point < rest.size() && fraction.empty();
  if (whole.empty() || bare_point || !std::all_of(whole.begin(), whole.end(), IsDigit) ||
      !std::all_of(fraction.begin(), fraction.end(), IsDigit)) {
    return Invalid("not a decimal number; write digits with a point, such as \"12.50\"");
  }
  int64_t units = 0;
  for (const char c : whole) {
    units = units * 10 + (c - '0');
    if (units > kMaxMicros / kUnit) return Invalid("number is too large");
  }
  int64_t micros = 0;
  uint8_t scale = static_cast<uint8_t>(std::min<size_t>(fraction.size(), kMaxScale));
  if (fraction.size() <= kMaxScale) {
    for (const char c : fraction) micros = micros * 10 + (c - '0');
    micros *= kPowers[kMaxScale - fraction.size()];
  } else {
    micros = RoundFraction(fraction);
    scale = kNoiseScale;
    if (rounded != nullptr) *rounded = true;
  }
  const int64_t total = units * kUnit + micros;
  if (total > kMaxMicros) return Invalid("number is too large");
  return FromMicros(negative ? -total : total, scale);
}

Result<Decimal> Decimal::Plus(Decimal other) const {
  int64_t sum = 0;
  if (__builtin_add_overflow(micros_, other.micros_, &sum) || sum > kMaxMicros ||
      sum < -kMaxMicros) {
    return Invalid("sum is too large");
  }
  return FromMicros(sum, std::max(scale_, other.scale_));
}

std::string Decimal::Text() const { return Render(micros_, scale_); }

std::string Decimal::Shortest() const {
  std::string text = Render(micros_, kMaxScale);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace tillrelay
