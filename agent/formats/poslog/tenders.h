// What: the payments of a receipt, of which some were taken back or paid out.
// Promise: a payment of which it is not certain whether and which way it went refuses its receipt.
// Thread: any (pure).
// Errors: rejections bad-value, unknown-word.
#pragma once

#include <optional>

#include "agent/formats/poslog/lines.h"

namespace tillrelay::formats::poslog {

// Adds a Tender to the basket, and its change; one that was taken back only counts as named.
// `paid_out`: its line says so.
std::optional<event::Rejection> ReadTender(const Vocabulary& words, XmlElement tender,
                                           bool paid_out, Basket* basket);

}  // namespace tillrelay::formats::poslog
