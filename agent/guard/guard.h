// What: may this event be kept: no card number in any identifier, none left in any free text, no
//   operator by name.
// Promise: walks every member of the event's table (common/event/fields.h). Free text is cleaned in
//   place and flagged "redacted"; an identifier with a hit refuses the event, and the rejection
//   names the field, never its content. An operator_ref leaves as a pseudonym (HMAC-SHA-256 under
//   the retailer's key, 12 hex digits), or not at all where there is no key.
// Thread: any (pure).
// Errors: rejection card-number.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/guard/card_guard.h"
#include "common/event/event.h"

namespace tillrelay::guard {

struct GuardOptions {
  CardOptions card;
  std::string operator_key;  // the same in all stores of a retailer; empty: none
};

// Invalid if `receipt_pattern` (guard.receipt_pattern) is no regular expression.
Result<GuardOptions> MakeGuardOptions(const std::string& receipt_pattern,
                                      std::string operator_key = {});

struct GuardOutcome {
  std::optional<event::Rejection> rejection;
  size_t redactions = 0;
};

// `again`: the document was checked before (it comes out of quarantine), so an operator_ref that
// looks like a pseudonym is one.
GuardOutcome Check(event::Event* event, const GuardOptions& options, bool again = false);

// A document as it may be put aside: every hit replaced, also one written in escapes.
std::string Scrub(std::string_view document);

}  // namespace tillrelay::guard
