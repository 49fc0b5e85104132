// What: may this event be kept: no card number in any identifier, none left in any free text, no
//   operator by name.
// Promise: walks every member of the event's table (common/event/fields.h). Free text is cleaned in
//   place and flagged "redacted"; an identifier with a hit refuses the event, and the rejection
//   names the field, never its content. A document's number that goes on where its counter's last
//   one ended is a counter, and no card. An operator_ref leaves as a pseudonym (HMAC-SHA-256
//   under the retailer's key, 12 hex digits), or not at all where there is no key.
// Thread: any (pure).
// Errors: rejection card-number.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/event/event.h"
#include "common/redact/card_redaction.h"

namespace tillrelay::redact {

struct RedactOptions {
  CardOptions card;
  std::string operator_key;  // the same in all stores of a retailer; empty: none
};

// Invalid if `receipt_pattern` (guard.receipt_pattern) is no regular expression.
Result<RedactOptions> MakeRedactOptions(const std::string& receipt_pattern,
                                        std::string operator_key = {});

struct RedactOutcome {
  std::optional<event::Rejection> rejection;
  size_t redactions = 0;
};

// The numbers that registers, and the counters of other documents, gave last: a number that goes on
// from there is a counter, not a card.
// Not for two threads at once. Limits: 4096 registers, forgets all beyond.
class NumberMemory {
 public:
  // Does the number follow closely on the register's last one, or precede it? Keeps it.
  bool Continues(const std::string& register_id, const std::string& number);
  std::string LastOf(const std::string& register_id) const;  // "" where nothing is known

 private:
  std::map<std::string, uint64_t> last_;
};

struct CheckHow {
  // The document was checked before (it comes out of quarantine), so an operator_ref that looks
  // like a pseudonym is one.
  bool again = false;
  NumberMemory* numbers = nullptr;
};
RedactOutcome Check(event::Event* event, const RedactOptions& options, CheckHow how = {});

// A document as it may be put aside: every hit replaced, also one written in escapes.
std::string RedactDocument(std::string_view document);

}  // namespace tillrelay::redact
