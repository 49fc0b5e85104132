// What: the codes that are scanned from goods: GS1 element strings and GS1 Digital Links (GS1
// General
//   Specifications, 3 and 7.8; GS1 Digital Link 1.4) to what they say of the goods.
// Promise: pure. A text that is no such code is none and no fault; one that is and is wrong names
//   the application identifier.
// Thread: any.
// Limits: 20 elements.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/decimal.h"

namespace tillrelay::event {

inline constexpr char kGs1Separator = '\x1d';  // FNC1 as scanners transmit it

struct Gs1Element {
  std::string ai, value;
};

struct Gs1Code {
  std::vector<Gs1Element> elements;  // in their order
  std::string gtin;                  // of 14 digits with a right check digit
  std::string lot, serial;
  std::string expiry, best_before;    // YYYY-MM-DD; a day 00 is the last one of its month
  std::optional<Decimal> net_weight;  // in kilograms
  std::optional<Decimal> price;
  std::string fault;  // why it cannot be read, with its application identifier

  // "(01)09521234000013(10)A1": without control characters, as people print it.
  std::string Printed() const;
};

// `scanned` as a scanner gives it: with FNC1 as U+001D and with or without its symbology identifier
// ("]d2"), or with identifiers in parentheses, or a Digital Link. `year` is when it was scanned: it
// tells the century of dates. Nothing if it is none of these.
std::optional<Gs1Code> ReadGs1Code(std::string_view scanned, int year);

}  // namespace tillrelay::event
