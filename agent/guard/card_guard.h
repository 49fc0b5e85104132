// What: finds payment card numbers in text. docs/security.md, "Card data".
// Promise: a hit is 13 to 19 digits with the right check digit (Luhn, ISO/IEC 7812-1) and the
//   prefix of an issuer at a length in use, or track data. Digits may be full-width and may stand
//   apart by one or two spaces, no-break spaces, hyphens, dots or slashes. What is judged: a run of
//   digits as a whole, and within it each unbroken group and each row of groups as cards print them
//   (4-4-4-4, 4-4-4-4-3, 4-6-5, 4-6-4, 6-13), so that a date or a check code beside a card does
//   not hide it. A group is never cut. A GTIN, GLN or SSCC with a valid check digit is no hit,
//   and a run with such a group is not judged as a whole.
//   Letters beside a run do not hide it ("PAN4111111111111111" is a hit), with one exception: what
//   has the exact form of a digest (32, 40, 64 or 128 hexadecimal characters) or of a UUID is no
//   card, because such words hold card-like runs by chance.
// Thread: any (pure).
// Limits: linear in the text; text with fewer than 13 digits is left after counting them.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/status.h"

namespace tillrelay::guard {

inline constexpr std::string_view kRedacted = "[REDACTED-PAN]";

struct ReceiptPattern;

// Compiled once, shared by copies.
class CardOptions {
 public:
  CardOptions() = default;
  // `receipt_pattern` (ECMAScript, guard.receipt_pattern) exempts identifiers that match it from
  // end to end; "" exempts none. Invalid if it is no regular expression.
  static Result<CardOptions> Make(const std::string& receipt_pattern);

  bool Exempt(std::string_view identifier) const;

 private:
  std::shared_ptr<const ReceiptPattern> pattern_;
};

// For identifiers: does the text hold a card number?
bool ContainsCard(std::string_view text, const CardOptions& options = {});

// How digits may be written in a text besides as themselves.
enum class Spelling {
  kDecoded,  // not at all: the text is what a person reads
  kRaw,      // as escapes of JSON (\u0034) or XML (&#52;, &#x34;): the text is a document
};

// For free text: replaces every hit by kRedacted and returns their number.
size_t Redact(std::string* text, Spelling spelling = Spelling::kDecoded);

// The same for log lines.
std::string ScrubLine(std::string_view line);

}  // namespace tillrelay::guard
