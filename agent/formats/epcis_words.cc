#include "agent/formats/epcis_words.h"

#include <algorithm>

namespace tillrelay::formats {
namespace {

using M = EpcisMeaning;

constexpr std::string_view kLeave = "OBSERVE DELETE", kCome = "OBSERVE ADD", kSeen = "OBSERVE";

constexpr EpcisRule kRules[] = {
    {"retail_selling", "retail_sold", M::kSale, kLeave},
    {"receiving", "returned", M::kReturn, kCome},
    {"accepting", "returned", M::kReturn, kCome},
    {"shipping", "in_transit", M::kShipped, kLeave},
    {"void_shipping", "", M::kShipmentVoided, kCome},
    {"void_shipping", "in_progress", M::kShipmentVoided, kCome},
    {"void_shipping", "in_transit", M::kShipmentVoided, kCome},
    {"void_shipping", "sellable_accessible", M::kShipmentVoided, kCome},
    {"void_shipping", "sellable_not_accessible", M::kShipmentVoided, kCome},
    {"receiving", "", M::kReceived, kCome},
    {"receiving", "in_progress", M::kReceived, kCome},
    {"receiving", "active", M::kReceived, kCome},
    {"receiving", "available", M::kReceived, kCome},
    {"receiving", "conformant", M::kReceived, kCome},
    {"receiving", "completeness_verified", M::kReceived, kCome},
    {"receiving", "container_closed", M::kReceived, kCome},
    {"receiving", "sellable_accessible", M::kReceived, kCome},
    {"receiving", "sellable_not_accessible", M::kReceived, kCome},
    {"receiving", "damaged", M::kReceivedDamaged, kCome},
    {"receiving", "expired", M::kReceivedDamaged, kCome},
    {"receiving", "recalled", M::kReceivedDamaged, kCome},
    {"receiving", "needs_replacement", M::kReceivedDamaged, kCome},
    {"receiving", "non_conformant", M::kReceivedDamaged, kCome},
    {"receiving", "non_sellable_other", M::kReceivedDamaged, kCome},
    {"stock_taking", "", M::kCounted, kSeen},
    {"stock_taking", "in_progress", M::kCounted, kSeen},
    {"stock_taking", "active", M::kCounted, kSeen},
    {"stock_taking", "available", M::kCounted, kSeen},
    {"stock_taking", "sellable_accessible", M::kCounted, kSeen},
    {"stock_taking", "sellable_not_accessible", M::kCounted, kSeen},
    {"stock_taking", "damaged", M::kCountedDamaged, kSeen},
    {"cycle_counting", "", M::kCounted, kSeen},
    {"cycle_counting", "in_progress", M::kCounted, kSeen},
    {"cycle_counting", "active", M::kCounted, kSeen},
    {"cycle_counting", "available", M::kCounted, kSeen},
    {"cycle_counting", "sellable_accessible", M::kCounted, kSeen},
    {"cycle_counting", "sellable_not_accessible", M::kCounted, kSeen},
    {"cycle_counting", "damaged", M::kCountedDamaged, kSeen},
    {"inspecting", "damaged", M::kDamage, kSeen},
    {"destroying", "", M::kWaste, kLeave},
    {"destroying", "destroyed", M::kWaste, kLeave},
    {"destroying", "disposed", M::kWaste, kLeave},
    {"", "stolen", M::kTheft, kLeave},
    {"inspecting", "stolen", M::kTheft, kLeave},
    {"other", "stolen", M::kTheft, kLeave},
};

}  // namespace

std::span<const EpcisRule> EpcisRules() { return kRules; }

const EpcisRule* EpcisRuleOf(std::string_view step, std::string_view disposition) {
  const auto* found = std::find_if(std::begin(kRules), std::end(kRules), [&](const EpcisRule& r) {
    return r.step == step && r.disposition == disposition;
  });
  return found == std::end(kRules) ? nullptr : found;
}

bool LeavesGoodsAsTheyAre(std::string_view disposition) {
  if (disposition == "completeness_inferred") return true;
  const EpcisRule* received = EpcisRuleOf("receiving", disposition);
  return received != nullptr && received->meaning == M::kReceived;
}

}  // namespace tillrelay::formats
