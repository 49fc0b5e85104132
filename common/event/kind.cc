#include "common/event/kind.h"

#include <algorithm>

namespace tillrelay::event {
namespace {
constexpr std::string_view kKinds[kKindCount] = {"sale",
                                                 "return",
                                                 "exchange",
                                                 "transaction_voided",
                                                 "transfer_shipped",
                                                 "transfer_received",
                                                 "transfer_voided",
                                                 "stock_adjusted",
                                                 "stock_counted",
                                                 "register_control",
                                                 "day_closed",
                                                 "stream_opened",
                                                 "loss"};
constexpr std::string_view kStatuses[] = {"completed", "cancelled", "suspended",
                                          "resumed",   "training",  "control"};
constexpr std::string_view kActions[] = {"sale",        "return",         "order", "pick_up",
                                         "refund_only", "deposit_return", "void"};
constexpr std::string_view kConditions[] = {"sellable", "damaged", "not_kept"};
constexpr std::string_view kTenders[] = {"cash",    "card",   "voucher", "gift_card",
                                         "account", "mobile", "other"};
constexpr std::string_view kReasons[] = {"damage",  "theft",      "found", "waste",
                                         "own_use", "correction", "other"};
constexpr std::string_view kTimeQualities[] = {"exact", "zone_assumed", "dst_ambiguous",
                                               "agent_clock"};
constexpr std::string_view kFulfilments[] = {"carried_out", "ordered", "picked_up"};
constexpr std::string_view kBuckets[] = {"on_hand", "reserved", "damaged", "in_transit"};
constexpr std::string_view kDirections[] = {"increase", "decrease"};
constexpr std::string_view kAmounts[] = {"repeated", "negated"};
}  // namespace

const Words kKindWords = kKinds;
const Words kStatusWords = kStatuses;
const Words kActionWords = kActions;
const Words kConditionWords = kConditions;
const Words kTenderWords = kTenders;
const Words kReasonWords = kReasons;
const Words kTimeQualityWords = kTimeQualities;
const Words kFulfilmentWords = kFulfilments;
const Words kBucketWords = kBuckets;
const Words kDirectionWords = kDirections;
const Words kAmountsWords = kAmounts;

std::string_view KindWord(Kind kind) { return kKinds[static_cast<size_t>(kind)]; }

std::optional<Kind> ParseKind(std::string_view word) {
  const auto* found = std::find(std::begin(kKinds), std::end(kKinds), word);
  if (found == std::end(kKinds)) return std::nullopt;
  return static_cast<Kind>(found - std::begin(kKinds));
}

}  // namespace tillrelay::event
