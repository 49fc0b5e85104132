#include "common/redact/card_number.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "common/event/gtin.h"

namespace tillrelay::redact {
namespace {

// The first six digits of a range, and the lengths in use. docs/security.md names the sources.
struct Issuer {
  uint32_t from, to;
  uint8_t shortest, longest;
};
constexpr Issuer kIssuers[] = {
    {400000, 499999, 16, 16},
    {400000, 499999, 19, 19},  // Visa
    {510000, 559999, 16, 16},
    {222100, 272099, 16, 16},  // Mastercard
    {340000, 349999, 15, 15},
    {370000, 379999, 15, 15},  // Amex
    {601100, 601199, 16, 19},
    {644000, 649999, 16, 19},
    {650000, 659999, 16, 19},  // Discover
    {352800, 358999, 16, 19},  // JCB
    {300000, 305999, 14, 19},
    {360000, 369999, 14, 19},
    {380000, 399999, 14, 19},  // Diners
    {620000, 629999, 16, 19},
    {810000, 819999, 16, 19},  // UnionPay
    {501800, 501899, 13, 19},
    {502000, 502099, 13, 19},
    {503800, 503899, 13, 19},  // Maestro
    {589300, 589399, 13, 19},
    {630400, 630499, 13, 19},
    {675900, 675999, 13, 19},
    {676100, 676399, 13, 19},
    {220000, 220499, 16, 19},  // Mir
    {600000, 609999, 16, 16},
    {652100, 652199, 16, 16},
    {508000, 508999, 16, 16},  // RuPay
    // Debit schemes of one country or region: Maestro's and girocard's ranges, Elo, Hipercard,
    // Verve, Dankort, Cabal, Naranja, Bancontact and others share what is left of 50, 56-58 and 6.
    {500000, 509999, 16, 19},
    {560000, 589999, 16, 19},
    {600000, 699999, 16, 19},
    {979200, 979299, 16, 16},  // Troy
    {860000, 860099, 16, 16},
    {986000, 986099, 16, 16},  // Uzcard, Humo
    {911200, 911299, 16, 16},  // Belkart
    {100000, 199999, 15, 15},  // UATP
    {384100, 384199, 16, 19},
    {820000, 829999, 16, 16},  // Hipercard
    {353000, 353999, 16, 16},
    {356000, 356999, 16, 16},  // RuPay with JCB
};

bool Luhn(std::string_view digits) {
  int sum = 0;
  bool twice = false;
  for (size_t i = digits.size(); i-- > 0; twice = !twice) {
    const int digit = (digits[i] - '0') * (twice ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 == 0;
}

bool IsIssued(std::string_view digits) {
  uint32_t prefix = 0;
  for (const char digit : digits.substr(0, 6)) {
    prefix = prefix * 10 + static_cast<uint32_t>(digit - '0');
  }
  return std::any_of(std::begin(kIssuers), std::end(kIssuers), [&](const Issuer& issuer) {
    return prefix >= issuer.from && prefix <= issuer.to && digits.size() >= issuer.shortest &&
           digits.size() <= issuer.longest;
  });
}

int Two(std::string_view digits, size_t at) {
  return (digits[at] - '0') * 10 + (digits[at + 1] - '0');
}

// 20261121174208, with or without thousandths of a second.
bool IsTime(std::string_view digits) {
  if (digits.size() != 14 && digits.size() != 17) return false;
  const int century = Two(digits, 0), month = Two(digits, 4), day = Two(digits, 6);
  return (century == 19 || century == 20) && month >= 1 && month <= 12 && day >= 1 && day <= 31 &&
         Two(digits, 8) < 24 && Two(digits, 10) < 60 && Two(digits, 12) < 60;
}

// A month and a year, in either order.
bool IsExpiry(std::string_view digits) {
  const int first = Two(digits, 0), second = Two(digits, 2);
  return (first >= 1 && first <= 12) || (second >= 1 && second <= 12);
}

}  // namespace

bool IsTradeNumber(std::string_view digits, Issuers issuers) {
  const bool anywhere = issuers == Issuers::kKnown, article = issuers == Issuers::kInArticles;
  const size_t size = digits.size();
  const bool lives = (size == 13 && (anywhere || article || issuers == Issuers::kInPlaces)) ||
                     (size == 14 && (anywhere || article)) ||
                     (size == 18 && (anywhere || issuers == Issuers::kOnUnits));
  return lives && event::HasGs1CheckDigit(digits);
}

namespace {

bool IsUsualCard(std::string_view digits, Issuers issuers) {
  if (digits.size() < kMinDigits || digits.size() > kMaxDigits || !Luhn(digits)) return false;
  if (IsTime(digits)) return false;
  if (issuers == Issuers::kAny) return digits.find_first_not_of('0') != std::string_view::npos;
  return IsIssued(digits) && !IsTradeNumber(digits, issuers);
}

// 13 digits, of a length that is no longer issued: looked for where a number stands alone.
bool IsFormerVisa(std::string_view digits, Issuers issuers) {
  const bool identifier = issuers != Issuers::kKnown && issuers != Issuers::kAny;
  if (!identifier || digits.size() != 13 || digits.front() != '4' || !Luhn(digits)) return false;
  return !IsTradeNumber(digits, issuers);
}

}  // namespace

bool IsCard(std::string_view digits, Issuers issuers) {
  return IsFormerVisa(digits, issuers) || IsUsualCard(digits, issuers);
}

bool HoldsCard(std::string_view digits, bool after_tag_5a, Issuers issuers) {
  if (IsFormerVisa(digits, issuers)) return true;
  if (IsTradeNumber(digits, issuers)) return false;
  std::array<std::string_view, 5> bodies = {digits};
  size_t count = 1;
  const size_t first = digits.find_first_not_of('0');
  if (first != 0 && first != std::string_view::npos) bodies[count++] = digits.substr(first);
  if (after_tag_5a && digits.size() > 2) {
    bodies[count++] = digits.substr(2);
    // The length in bytes tells where the next tag begins.
    const auto size = 2 * static_cast<size_t>(Two(digits, 0));
    if (size < digits.size() - 2) bodies[count++] = digits.substr(2, size);
  }
  if (digits.starts_with("57") && digits.size() > 4) bodies[count++] = digits.substr(4);
  for (size_t i = 0; i < count; ++i) {
    const std::string_view body = bodies[i];
    if (IsUsualCard(body, issuers)) return true;
    if (body.size() < kMinDigits + 4 || !IsExpiry(body.substr(body.size() - 4))) continue;
    if (IsUsualCard(body.substr(0, body.size() - 4), issuers)) return true;
  }
  return false;
}

}  // namespace tillrelay::redact
