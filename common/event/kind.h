// What: the kinds of event and the words that documents may use.
// Thread: any (constants).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace tillrelay::event {

enum class Kind : uint8_t {
  kSale,
  kReturn,
  kExchange,
  kTransactionVoided,
  kTransferShipped,
  kTransferReceived,
  kTransferVoided,
  kStockAdjusted,
  kStockCounted,
  kRegisterControl,
  kDayClosed,
  kStreamOpened,  // the journal's own: a new stream began
  kLoss,          // the journal's own: numbers that are known to be gone
};
inline constexpr int kKindCount = 13;

// "sale"; the CloudEvents type is "org.tillrelay.<word>.v1".
std::string_view KindWord(Kind kind);
std::optional<Kind> ParseKind(std::string_view word);

// The documents that carry a `transaction`, so a register and its number.
constexpr bool IsTransaction(Kind kind) {
  return kind <= Kind::kTransactionVoided || kind == Kind::kRegisterControl;
}
constexpr bool IsTransfer(Kind kind) {
  return kind >= Kind::kTransferShipped && kind <= Kind::kTransferVoided;
}

using Words = std::span<const std::string_view>;
extern const Words kStatusWords;       // completed | cancelled | suspended | ...
extern const Words kActionWords;       // sale | return | order | ...
extern const Words kConditionWords;    // sellable | damaged | not_kept
extern const Words kTenderWords;       // cash | card | ...
extern const Words kReasonWords;       // why stock was adjusted
extern const Words kTimeQualityWords;  // exact | zone_assumed | ...
extern const Words kFulfilmentWords;   // carried_out | ordered | picked_up
extern const Words kBucketWords;       // on_hand | reserved | damaged | in_transit
extern const Words kDirectionWords;    // increase | decrease
extern const Words kAmountsWords;      // repeated | negated
extern const Words kKindWords;

}  // namespace tillrelay::event
