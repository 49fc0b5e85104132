// What: may this event be kept? Walks every text and identifier of an event.
// Promise: a card number in free text is masked and counted; in an identifier it refuses the
//   document, because a masked identifier would be a lie.
// Thread: any.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "agent/guard/card_guard.h"
#include "common/base/status.h"
#include "common/event/event.h"

namespace tillrelay::guard {

struct Pattern;

struct GuardOptions {
  // Identifiers that match wholly are the shop's own numbers, whatever they look like.
  std::shared_ptr<const Pattern> receipt_pattern;
};

// Invalid if `receipt_pattern` is no ECMAScript regular expression.
Result<GuardOptions> MakeGuardOptions(const std::string& receipt_pattern);

struct GuardOutcome {
  size_t redactions = 0;
  std::optional<event::Rejection> rejection;  // "card-number"
};

GuardOutcome Check(event::Event* event, const GuardOptions& options);

}  // namespace tillrelay::guard
