// What: whether a row of digits is a payment card number. docs/security.md, "Card data".
// Thread: any (pure).
#pragma once

#include <string_view>

#include "common/redact/card_redaction.h"

namespace tillrelay::redact {

inline constexpr size_t kMinDigits = 13;
inline constexpr size_t kMaxDigits = 19;

// A GTIN or GLN of 13 digits, a GTIN of 14, an SSCC, where such a number lives.
bool IsTradeNumber(std::string_view digits, Issuers issuers);

bool IsCard(std::string_view digits, Issuers issuers);

// The same of what is left without what systems glue to a card number: zeros in front, tag and
// length of EMV data (5A ends in a letter and stands before the row), an expiry date behind.
bool HoldsCard(std::string_view digits, bool after_tag_5a, Issuers issuers);

}  // namespace tillrelay::redact
