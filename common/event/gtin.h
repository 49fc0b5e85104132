// What: when is a number a GTIN: GS1 General Specifications, 3.2 (check digit 7.9) and the
//   restricted circulation prefixes of 1.4.
// Thread: any.
#pragma once

#include <string>
#include <string_view>

namespace tillrelay::event {

// The check digit of a GS1 key (GTIN-8, -12, -13, -14, SSCC-18) is right. False for non-digits.
bool HasGs1CheckDigit(std::string_view digits);

// The 14-digit form, or "" if `text` is no GTIN for us: valid check digit, 8 to 14 digits with at
// least 8 significant ones, prefix outside the restricted ranges 020-029, 040-049, 200-299.
std::string NormaliseGtin(std::string_view text);

}  // namespace tillrelay::event
