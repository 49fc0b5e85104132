// What a person looks for may wait in quarantine.
#include <algorithm>

#include "agent/journal/query/search.h"
#include "common/event/identity.h"

namespace tillrelay::journal {
namespace {

bool IsPartOfNumber(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// "4711" stands in "004711" and not in "14711" or "47110".
bool Names(std::string_view document, std::string_view bare) {
  for (size_t at = document.find(bare); at != std::string_view::npos;
       at = document.find(bare, at + 1)) {
    size_t begin = at;
    while (begin > 0 && document[begin - 1] == '0') --begin;
    const size_t end = at + bare.size();
    const bool alone = (begin == 0 || !IsPartOfNumber(document[begin - 1])) &&
                       (end == document.size() || !IsPartOfNumber(document[end]));
    if (alone) return true;
  }
  return false;
}

}  // namespace

Result<std::vector<QuarantineRow>> Search::QuarantinedWith(const std::string& number,
                                                           const std::string& text, size_t limit) {
  const std::string bare(event::WithoutLeadingZeros(number));
  auto select = db_.Prepare(
      "SELECT ticket FROM quarantine WHERE (?1='' OR instr(document,?1)>0) AND "
      "(?2='' OR instr(document,?2)>0) ORDER BY ticket DESC LIMIT 1000");
  if (!select.ok()) return std::move(select).status();
  select->BindText(1, bare).BindText(2, text);
  std::vector<uint64_t> tickets;
  for (;;) {
    auto found = select->Step();
    if (!found.ok()) return std::move(found).status();
    if (!*found) break;
    tickets.push_back(select->Unsigned(0));
  }
  std::vector<QuarantineRow> rows;
  for (const uint64_t ticket : tickets) {
    if (rows.size() == limit) break;
    auto row = Ticket(ticket);
    if (!row.ok()) return std::move(row).status();
    if (!bare.empty() && !Names(row->document, bare)) continue;
    row->document.clear();
    rows.push_back(*std::move(row));
  }
  return rows;
}

}  // namespace tillrelay::journal
