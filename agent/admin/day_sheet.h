// What: a register's business day on one sheet: what came, beside what the register reported, and
//   how it was paid.
// Promise: pure. Sums are exact; what a document does not say is not made up.
// Thread: any (values); a tally has one owner.
// Limits: kMaxSums kinds of tender.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/admin/admin.h"
#include "common/base/decimal.h"
#include "common/base/json_reader.h"

namespace tillrelay::admin {

inline constexpr size_t kMaxSums = 100;

// One event of the day as it is stored.
struct DayEvent {
  uint64_t position = 0;
  std::string id, kind, subject;
  WallTime recorded_at{};
  std::string data;
};

class DayTally {
 public:
  void Add(DayEvent event);
  // Kinds, tenders and late ones into the sheet. Late: stored behind the day's last close.
  void Fill(DaySheet* sheet) const;

 private:
  struct Sum {
    int64_t count = 0;
    std::optional<Decimal> amount;
  };
  static void Count(Sum* sum, const std::optional<Decimal>& amount);

  using Sums = std::map<std::pair<std::string, std::string>, Sum>;  // by kind or type, and currency
  void CountTenders(JsonValue document, bool turns);
  // Null: there are too many to count another one.
  static Sum* At(Sums* sums, std::string_view name, std::string_view currency);

  Sums kinds_, tenders_;
  std::vector<LateDocument> documents_;  // all, until the close is known
  std::vector<uint64_t> positions_;      // of these
  uint64_t closed_at_ = 0;
};

// What came minus what the register reported, as text; empty where one of them is no number.
std::string DifferenceOf(const std::string& here, const std::string& reported);

}  // namespace tillrelay::admin
