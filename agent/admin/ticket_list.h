// What: which documents in quarantine somebody wants to see, and in which order.
// Thread: any (pure).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/admin/admin.h"

namespace tillrelay::admin {

// Every order by its word: "newest", "oldest", "reason", "register".
struct NamedOrder {
  std::string_view word;
  TicketOrder order;
};
inline constexpr NamedOrder kTicketOrders[] = {{"newest", TicketOrder::kNewest},
                                               {"oldest", TicketOrder::kOldest},
                                               {"reason", TicketOrder::kReason},
                                               {"register", TicketOrder::kRegister}};
std::string_view WordOf(TicketOrder order);
std::optional<TicketOrder> ParseTicketOrder(std::string_view word);

// Every reason of docs/formats.md, "Rejections".
inline constexpr std::string_view kTicketReasons[] = {
    "not-syntax",      "missing-field",    "bad-value",     "unknown-field",
    "unsupported",     "unknown-word",     "foreign-store", "stock-effect-disagrees",
    "totals-disagree", "implausible-time", "card-number",   "too-large",
    "changed",         "time_changed"};
// Invalid: no document is ever here for that reason, and none is (`here`: what waits, by reason).
Status CheckReasonFilter(const TicketFilter& filter, const std::map<std::string, uint64_t>& here);

// It asks for what only the document says.
bool NeedsDocuments(const TicketFilter& filter);
// `row` with its document and names, where NeedsDocuments.
bool Matches(const QuarantineRow& row, const TicketFilter& filter);
// Equal ones follow by ticket, the newest first.
void Sort(TicketOrder order, std::vector<QuarantineRow>* rows);

}  // namespace tillrelay::admin
