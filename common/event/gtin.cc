#include "common/event/gtin.h"

#include "common/base/text.h"

namespace tillrelay::event {

bool HasGs1CheckDigit(std::string_view digits) {
  if (digits.size() < 2 || !AllDigits(digits)) return false;
  int sum = 0;
  int weight = 3;
  for (size_t i = digits.size() - 1; i-- > 0; weight = 4 - weight)
    sum += (digits[i] - '0') * weight;
  return (10 - sum % 10) % 10 == digits.back() - '0';
}

std::string NormaliseGtin(std::string_view text) {
  if (text.size() < 8 || text.size() > 14 || !AllDigits(text)) return {};
  std::string gtin = std::string(14 - text.size(), '0').append(text);
  const size_t first = gtin.find_first_not_of('0');
  if (first == std::string::npos || 14 - first < 8 || !HasGs1CheckDigit(gtin)) return {};
  // The GS1 prefix is the first three digits of the 13-digit form. A GTIN-8 has its own: shorter
  // than twelve significant digits, so the 13-digit prefix of it is 000.
  const int prefix = (gtin[1] - '0') * 100 + (gtin[2] - '0') * 10 + (gtin[3] - '0');
  const bool restricted = (prefix >= 20 && prefix <= 29) || (prefix >= 40 && prefix <= 49) ||
                          (prefix >= 200 && prefix <= 299);
  return restricted ? std::string() : gtin;
}

}  // namespace tillrelay::event
