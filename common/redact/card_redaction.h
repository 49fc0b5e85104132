// What: finds payment card numbers in text. docs/security.md, "Card data".
// Promise: a hit is 13 to 19 digits with the right check digit (Luhn, ISO/IEC 7812-1), or track
// data.
//   In free text any such number is one, whatever its issuer; elsewhere it has the prefix of an
//   issuer at a length in use, and a GTIN, GLN or SSCC with its check digit is none where such
//   a number lives. Digits may be
//   those of any script, and stand apart by up to three separators. What is judged: an unbroken
//   group of digits, a run whose groups stand apart by one or two of the everyday separators, and
//   groups as cards print them, by any separator. A group is never cut, but for what systems glue
//   to a number: zeros in front, an expiry date behind, the EMV tags 5A and 57.
//   Letters beside a run do not hide it ("PAN4111111111111111" is a hit), with these exceptions:
//   the exact form of a digest (32, 40, 64 or 128 hexadecimal characters) or of a UUID, an IBAN
//   with its check digits, an SSCC behind its application identifier, and a time such as
//   20261121174208.
// Thread: any (pure).
// Limits: linear in the text; text with fewer than 13 digits is left after counting them.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/status.h"

namespace tillrelay::redact {

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

// How digits may be written in a text besides as themselves.
enum class Spelling {
  kDecoded,  // not at all: the text is what a person reads
  kRaw,      // as escapes of JSON (\u0034) or XML (&#52;, &#x34;): the text is a document
};

// Which numbers are cards.
enum class Issuers {
  kKnown,  // those of the table of issuers, but no GTIN, GLN or SSCC: of file names, the log,
           // whole documents
  // Of identifiers, where Visa's former 13 digits are one as well:
  kInArticles,  // but no GTIN
  kInPlaces,    // but no GLN
  kOnUnits,     // but no SSCC: of logistic units
  kInReceipts,  // whatever else they may be: of documents, references, registers and people
  kAny,         // all that have the check digit: of free text, where no other number belongs
};

// For identifiers: does the text hold a card number?
bool ContainsCard(std::string_view text, const CardOptions& options = {},
                  Issuers issuers = Issuers::kInArticles);

// For free text: replaces every hit by kRedacted and returns their number.
size_t Redact(std::string* text, Spelling spelling = Spelling::kDecoded,
              Issuers issuers = Issuers::kKnown);

// May a user or a token be called so? As IsName, and without a card number: names are stored,
// shown and logged.
bool IsCleanName(std::string_view name);

// What a person wrote or is called (notes, reasons, actors), as it may be stored and logged.
std::string RedactNote(std::string_view note);

// The same for log lines.
std::string RedactLine(std::string_view line);

}  // namespace tillrelay::redact
