// What: an exact decimal for quantities and money: int64 micro-units and the scale it was written
//   with, so that 0.420 stays 0.420 and 0.1 + 0.2 is 0.3.
// Promise: no arithmetic overflows silently; no value passes through a double.
// Thread: any (value).
// Limits: |value| <= 4,000,000,000,000, so that no sum of two overflows; at most 6 decimals. Longer
//   fractions are float noise and are rounded half-even to 4 decimals (`rounded` says so).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/status.h"

namespace tillrelay {

class Decimal {
 public:
  static constexpr int64_t kUnit = 1'000'000;
  static constexpr int64_t kMaxMicros = 4'000'000'000'000 * kUnit;

  constexpr Decimal() = default;
  static constexpr Decimal FromMicros(int64_t micros, uint8_t scale = 0) {
    Decimal d;
    d.micros_ = micros;
    d.scale_ = scale;
    return d;
  }
  static constexpr Decimal FromInt(int64_t value) { return FromMicros(value * kUnit); }

  // Grammar: -?digits(.digits)?, no exponent, no plus, no blank. `*rounded` is set, never cleared.
  static Result<Decimal> Parse(std::string_view text, bool* rounded = nullptr);

  int64_t micros() const { return micros_; }
  uint8_t scale() const { return scale_; }
  bool zero() const { return micros_ == 0; }
  bool negative() const { return micros_ < 0; }
  Decimal operator-() const { return FromMicros(-micros_, scale_); }
  // Invalid when the sum leaves the limits.
  Result<Decimal> Plus(Decimal other) const;
  bool operator==(const Decimal& other) const { return micros_ == other.micros_; }
  auto operator<=>(const Decimal& other) const { return micros_ <=> other.micros_; }

  // As written: "0.420".
  std::string Text() const;
  // For identity: no trailing zeros, no bare point, no "-0": "0.42".
  std::string Shortest() const;

 private:
  int64_t micros_ = 0;
  uint8_t scale_ = 0;
};

}  // namespace tillrelay
