// What: the one table of what an EPCIS event means to a shop's stock, by its words.
// Promise: words that stand in no row mean nothing, and the event is refused. docs/formats.md
// prints
//   the table.
// Thread: any (constants).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace tillrelay::formats {

enum class EpcisMeaning : uint8_t {
  kSale,
  kReturn,
  kShipped,
  kShipmentVoided,
  kReceived,
  kReceivedDamaged,  // arrived, and cannot be sold
  kCounted,
  kCountedDamaged,
  kDamage,
  kWaste,
  kTheft,
};

struct EpcisRule {
  std::string_view step;         // bizStep of the Core Business Vocabulary; "" is absent
  std::string_view disposition;  // "" is absent
  EpcisMeaning meaning;
  std::string_view actions;  // of an ObjectEvent: "OBSERVE DELETE"
};
std::span<const EpcisRule> EpcisRules();

const EpcisRule* EpcisRuleOf(std::string_view step, std::string_view disposition);

// Goods in this state can be sold; for persistentDisposition.
bool LeavesGoodsAsTheyAre(std::string_view disposition);

}  // namespace tillrelay::formats
