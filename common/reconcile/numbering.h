// What: whose counter a register's numbers are (docs/books.md), and so on which page of a day each
//   is counted.
// Promise: pure. A store and its head office, told the same rule, count the same.
// Thread: any (values).
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "common/event/draft.h"
#include "common/reconcile/day_summary.h"

namespace tillrelay::reconcile {

enum class Numbering { kRegister, kStore, kSeries, kNone };
struct NumberingRule {
  Numbering all = Numbering::kRegister;
  std::map<std::string, Numbering, std::less<>> of = {};  // by register, without leading zeros
};
Numbering NumberingNamed(std::string_view word);  // kRegister for a word that it does not know
std::string_view NumberingWord(Numbering numbering);
Numbering NumberingOf(const NumberingRule& rule, std::string_view register_id);

// "2026-11-21/03": sorts by day.
std::string PageKey(const std::string& business_day, const std::string& register_id);

// Where a document's number is counted, and as what; an empty key: nowhere.
struct NumberPlace {
  std::string key;
  std::string_view number;  // of the draft
  bool series = false;
  bool mixed = false;  // numbers of two series may look the same
};
NumberPlace PlaceOf(const NumberingRule& rule, const event::Draft& draft);

// Gives the page of a key.
using PageAt = std::function<Result<DaySummary*>(const std::string& key)>;
// A document was stored: it goes on its register's page, its number where the rule says.
Status AddDocument(const NumberingRule& rule, const event::Draft& draft, uint64_t sequence,
                   const PageAt& page_at);

}  // namespace tillrelay::reconcile
