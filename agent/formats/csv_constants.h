// What: a column of a CSV file that no profile names, where it contradicts what the profile says of
//   every row instead: the unit, the currency, the store.
// Promise: pure. A receipt is refused for it: kilograms are no pieces, and what another store sold
// is
//   not this one's. What names neither is left alone.
// Thread: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/formats/csv.h"
#include "common/event/draft.h"

namespace tillrelay::formats {

class UnreadConstant {
 public:
  explicit UnreadConstant(const std::string& heading);
  // False if nothing that stands in it could contradict this profile.
  bool matters(const CsvProfile& profile) const;
  std::optional<event::Rejection> Contradicts(const CsvProfile& profile,
                                              std::string_view value) const;

 private:
  enum class Of { kNothing, kUnit, kPerhapsUnit, kCurrency, kStore };
  std::string written_;
  Of of_ = Of::kNothing;
};

}  // namespace tillrelay::formats
