// What: the delivery view: how the connection stands, what flies, how fast, until when; what a
//   person can do about it; sending again.
// Promise: pure. The pieces are exactly what live updates replace.
// Thread: any.
#pragma once

#include <optional>
#include <string>

#include "agent/web/frame.h"

namespace tillrelay::web {

std::string DeliveryFacts(const PageContext& context);           // "facts"
std::string ReplayProgressFragment(const PageContext& context);  // "replay-progress"

// What a person asked to send again, as the form's fields, and how many events that would be.
struct ReplayQuestion {
  std::string day, first, last, from, through;
  std::optional<uint64_t> count;  // after a preview
  std::string problem;            // why it cannot be done
};

// `connection` is the strip of the last day, or empty.
std::string DeliveryContent(const PageContext& context, const Principal& viewer,
                            std::string_view connection, const ReplayQuestion& question);

// "11.4 a minute", "240 a second"
std::string RateText(double per_second);

}  // namespace tillrelay::web
