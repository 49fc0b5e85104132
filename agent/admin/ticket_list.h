// What: which documents in quarantine somebody wants to see, and in which order.
// Thread: any (pure).
#pragma once

#include <optional>
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

// It asks for what only the document says.
bool NeedsDocuments(const TicketFilter& filter);
// `row` with its document and names, where NeedsDocuments.
bool Matches(const QuarantineRow& row, const TicketFilter& filter);
// Equal ones follow by ticket, the newest first.
void Sort(TicketOrder order, std::vector<QuarantineRow>* rows);

}  // namespace tillrelay::admin
