#include "common/reconcile/numbering.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/event/identity.h"

namespace tillrelay::reconcile {
namespace {

constexpr std::pair<std::string_view, Numbering> kWords[] = {{"register", Numbering::kRegister},
                                                             {"store", Numbering::kStore},
                                                             {"series", Numbering::kSeries},
                                                             {"none", Numbering::kNone}};

}  // namespace

Numbering NumberingNamed(std::string_view word) {
  const auto found = std::find_if(std::begin(kWords), std::end(kWords),
                                  [word](const auto& known) { return known.first == word; });
  return found == std::end(kWords) ? Numbering::kRegister : found->second;
}

std::string_view NumberingWord(Numbering numbering) {
  return kWords[static_cast<size_t>(numbering)].first;
}

Numbering NumberingOf(const NumberingRule& rule, std::string_view register_id) {
  const auto own = rule.of.find(event::WithoutLeadingZeros(register_id));
  return own == rule.of.end() ? rule.all : own->second;
}

std::string PageKey(const std::string& business_day, const std::string& register_id) {
  return business_day + "/" + std::string(event::WithoutLeadingZeros(register_id));
}

NumberPlace PlaceOf(const NumberingRule& rule, const event::Draft& draft) {
  if (!event::IsTransaction(draft.kind)) return {};
  const std::string key = PageKey(draft.business_day, draft.register_id);
  switch (NumberingOf(rule, draft.register_id)) {
    case Numbering::kRegister:
      return {key, draft.number};
    case Numbering::kStore:
      return {draft.business_day + "/*", draft.number};
    case Numbering::kNone:
      return {};
    case Numbering::kSeries:
      break;
  }
  const std::string_view number = draft.number;
  const size_t digits = number.find_last_not_of("0123456789") + 1;  // npos + 1 is 0
  if (digits > 0 && digits < number.size()) {
    return {key + "#" + std::string(number.substr(0, digits)), number.substr(digits), true, false};
  }
  const bool returned = draft.kind == event::Kind::kReturn;
  return {returned ? key + "#returns" : key, number, true, true};
}

Status AddDocument(const NumberingRule& rule, const event::Draft& draft, uint64_t sequence,
                   const PageAt& page_at) {
  auto page = page_at(PageKey(draft.business_day, draft.register_id));
  if (!page.ok()) return std::move(page).status();
  (*page)->Stored(draft, sequence);
  const NumberPlace place = PlaceOf(rule, draft);
  if (place.key.empty()) return Status::Ok();
  auto numbers = page_at(place.key);
  if (!numbers.ok()) return std::move(numbers).status();
  if (place.series && (*numbers)->CountedInSeries()) (*numbers)->CountsASeries();
  (*numbers)->CountNumber(draft, place.number);
  return Status::Ok();
}

}  // namespace tillrelay::reconcile
