#include "agent/admin/ticket_list.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <tuple>

#include "common/event/identity.h"

namespace tillrelay::admin {
namespace {

char Lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

bool Contains(std::string_view text, std::string_view part) {
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [](char a, char b) { return Lower(a) == Lower(b); }) != text.end();
}

// "2" stands before "10".
std::tuple<bool, size_t, const std::string&> RegisterKey(const QuarantineRow& row) {
  const std::string& id = row.names.register_id;
  return {id.empty(), id.size(), id};
}

}  // namespace

std::string_view WordOf(TicketOrder order) {
  return std::find_if(std::begin(kTicketOrders), std::end(kTicketOrders),
                      [order](const NamedOrder& named) { return named.order == order; })
      ->word;
}

std::optional<TicketOrder> ParseTicketOrder(std::string_view word) {
  for (const NamedOrder& named : kTicketOrders) {
    if (named.word == word) return named.order;
  }
  return std::nullopt;
}

Status CheckReasonFilter(const TicketFilter& filter, const std::map<std::string, uint64_t>& here) {
  const auto* end = std::end(kTicketReasons);
  const bool known = std::find(std::begin(kTicketReasons), end, filter.reason) != end;
  if (filter.reason.empty() || known || here.contains(filter.reason)) return Status::Ok();
  std::string words;
  for (const std::string_view word : kTicketReasons) {
    words.append(words.empty() ? "" : ", ").append(word);
  }
  return Invalid("reason is one of " + words);
}

bool NeedsDocuments(const TicketFilter& filter) {
  return !filter.register_id.empty() || !filter.text.empty() ||
         filter.order == TicketOrder::kRegister;
}

bool Matches(const QuarantineRow& row, const TicketFilter& filter) {
  if (!filter.reason.empty() && row.reason != filter.reason) return false;
  if (!filter.register_id.empty() &&
      row.names.register_id != event::WithoutLeadingZeros(filter.register_id)) {
    return false;
  }
  if (filter.text.empty()) return true;
  const std::string_view texts[] = {row.document, row.reason, row.field, row.hint, row.origin};
  return std::any_of(std::begin(texts), std::end(texts),
                     [&filter](std::string_view text) { return Contains(text, filter.text); });
}

void Sort(TicketOrder order, std::vector<QuarantineRow>* rows) {
  std::sort(rows->begin(), rows->end(), [order](const QuarantineRow& a, const QuarantineRow& b) {
    if (order == TicketOrder::kOldest) return a.ticket < b.ticket;
    if (order == TicketOrder::kReason && a.reason != b.reason) return a.reason < b.reason;
    if (order == TicketOrder::kRegister && RegisterKey(a) != RegisterKey(b)) {
      return RegisterKey(a) < RegisterKey(b);
    }
    return a.ticket > b.ticket;
  });
}

}  // namespace tillrelay::admin
