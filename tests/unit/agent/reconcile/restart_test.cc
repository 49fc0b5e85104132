// A counter that starts again at noon, told in many orders, and told again by exports: everything
// is counted once, nothing twice, and no gap is false. docs/books.md, "A counter that starts
// again".
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "agent/reconcile/reconciliation.h"
#include "tests/support/seeded_random.h"

namespace tillrelay::reconcile {
namespace {

constexpr int64_t kMorning = 1'795'420'800;

struct Receipt {
  uint64_t number = 0;
  int64_t at_s = 0;
  int goods = 0;
  std::optional<int64_t> epoch = {};
};
using Receipts = std::vector<Receipt>;

// The journal as far as it asks the books: what is known, what is a repeat, what waits.
class Store {
 public:
  explicit Store(Numbering numbering) {
    books_.SetNumbering({numbering, {}});
    books_.Attach([this](const std::string& key) -> Result<std::string> { return kept_[key]; });
  }

  void Tell(const Receipt& receipt) {
    if (Take(receipt)) {
      // The daemon takes some seconds to come to it.
      if (!books_.TakeRestarted().empty() && retries_at_once_) RetryWhatFits();
      return;
    }
    const auto same = [&](const Receipt& other) { return Same(other, receipt); };
    if (std::none_of(waiting_.begin(), waiting_.end(), same)) waiting_.push_back(receipt);
  }
  void Tell(const Receipts& receipts) {
    for (const Receipt& receipt : receipts) Tell(receipt);
  }
  void RetryLater() { retries_at_once_ = false; }
  // As the daemon does it: in the order of their times, until none fits any more.
  void RetryWhatFits() {
    for (bool again = true; again;) {
      std::sort(waiting_.begin(), waiting_.end(),
                [](const Receipt& a, const Receipt& b) { return a.at_s < b.at_s; });
      const size_t before = waiting_.size();
      std::erase_if(waiting_, [this](const Receipt& receipt) { return Take(receipt, true); });
      again = waiting_.size() < before;
    }
  }
  // A person says that the register's counter started again.
  void SayRestarted(int times) {
    for (Receipt& receipt : waiting_) receipt.epoch = DaySummary::DeclaredEpoch(times);
    std::erase_if(waiting_, [this](const Receipt& receipt) { return Take(receipt, true); });
  }

  size_t counted() const { return counted_; }
  size_t waiting() const { return waiting_.size(); }
  // Of one number and the same goods more than were sold.
  bool CountedMoreThan(const Receipts& sold) const {
    std::map<std::pair<uint64_t, int>, int64_t> left;
    for (const Receipt& receipt : sold) ++left[{receipt.number, receipt.goods}];
    for (const auto& [number, receipts] : known_) {
      for (const Receipt& receipt : receipts) --left[{number, receipt.goods}];
    }
    return std::any_of(left.begin(), left.end(), [](const auto& one) { return one.second < 0; });
  }
  static bool Same(const Receipt& a, const Receipt& b) {
    return a.number == b.number && a.at_s == b.at_s && a.goods == b.goods;
  }
  bool Counted(const Receipt& receipt) const {
    const auto known = known_.find(receipt.number);
    return known != known_.end() &&
           std::any_of(known->second.begin(), known->second.end(),
                       [&](const Receipt& other) { return Same(other, receipt); });
  }
  uint64_t missing() {
    uint64_t missing = 0;
    for (const auto& row : books_.Registers()) missing += row.missing;
    return missing;
  }

 private:
  static event::Draft DraftOf(const Receipt& receipt) {
    event::Draft draft;
    draft.kind = event::Kind::kSale;
    draft.register_id = "3";
    draft.business_day = "2026-11-23";
    draft.number = std::to_string(receipt.number);
    draft.book.status = "completed";
    draft.book.at_s = receipt.at_s;
    draft.book.register_epoch = receipt.epoch;
    return draft;
  }

  // One transaction: what is not taken by a retry leaves no trace.
  bool Take(const Receipt& receipt, bool retry = false) {
    const auto& known = known_[receipt.number];
    const auto same = [&](const Receipt& other) { return Same(other, receipt); };
    if (std::any_of(known.begin(), known.end(), same)) return true;
    const event::Draft draft = DraftOf(receipt);
    std::vector<event::Telling> tellings;
    for (const Receipt& row : known) tellings.push_back({row.at_s, row.goods == receipt.goods});
    if (!known.empty() && !*books_.Reused(draft, tellings, WallTime{})) {
      retry ? books_.RolledBack() : Commit();
      return false;
    }
    EXPECT_TRUE(books_.Stored(draft, {"0042", "S", ++counted_, WallTime{}}).ok());
    Commit();
    known_[receipt.number].push_back(receipt);
    return true;
  }
  void Commit() {
    for (const auto& [key, text] : books_.Changed()) kept_[key] = text;
    books_.Committed();
  }
  Reconciliation books_;
  std::map<std::string, std::string> kept_;
  std::map<uint64_t, Receipts> known_;
  Receipts waiting_;
  size_t counted_ = 0;
  bool retries_at_once_ = true;
};

// When the counter starts again, besides the morning.
enum class Restarts { kNone, kNoon, kNight, kTwice };
constexpr Restarts kAllRestarts[] = {Restarts::kNone, Restarts::kNoon, Restarts::kNight,
                                     Restarts::kTwice};

class Day {
 public:
  Day(uint64_t seed, int kinds_of_goods, Restarts restarts = Restarts::kNoon)
      : random_(seed), kinds_(static_cast<uint64_t>(kinds_of_goods)) {
    Sell(kMorning);
    if (restarts == Restarts::kNoon || restarts == Restarts::kTwice) {
      Sell(end() + 20 * 60 + static_cast<int64_t>(Below(7200)));
    }
    if (restarts == Restarts::kNight || restarts == Restarts::kTwice) {
      Sell(kMorning + 15 * 3600 + static_cast<int64_t>(Below(3600)));
    }
  }

  uint64_t Below(uint64_t bound) { return random_.Below(bound); }
  const Receipts& receipts() const { return receipts_; }
  Receipts Run(size_t run) const {
    const size_t end = run + 1 < begins_.size() ? begins_[run + 1] : receipts_.size();
    return {receipts_.begin() + static_cast<std::ptrdiff_t>(begins_[run]),
            receipts_.begin() + static_cast<std::ptrdiff_t>(end)};
  }
  size_t runs() const { return begins_.size(); }
  int64_t end() const { return receipts_.back().at_s; }
  // Of the later runs, those whose goods an earlier one sold under the same number; by the first
  // and behind the last that differs, nothing stands that proves them.
  size_t Ambiguous() const { return CountAlike(false); }
  size_t Unproven() const { return CountAlike(true); }
  // Each may come up to `places` later than its turn.
  Receipts Shuffled(uint64_t places) {
    std::vector<std::pair<uint64_t, Receipt>> turns;
    for (size_t i = 0; i < receipts_.size(); ++i) {
      turns.emplace_back(i * 100 + Below(places * 100 + 1), receipts_[i]);
    }
    std::stable_sort(turns.begin(), turns.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    Receipts reported;
    for (const auto& [turn, receipt] : turns) reported.push_back(receipt);
    return reported;
  }

 private:
  void Sell(int64_t at_s) {
    begins_.push_back(receipts_.size());
    const uint64_t count = 30 + Below(60);
    for (uint64_t number = 1; number <= count; ++number) {
      at_s += 20 + static_cast<int64_t>(Below(200));
      receipts_.push_back({number, at_s, static_cast<int>(Below(kinds_)), {}});
    }
  }
  bool IsAlike(size_t index, size_t run) const {
    return std::any_of(receipts_.begin(),
                       receipts_.begin() + static_cast<std::ptrdiff_t>(begins_[run]),
                       [&](const Receipt& earlier) {
                         return earlier.number == receipts_[index].number &&
                                earlier.goods == receipts_[index].goods;
                       });
  }
  size_t CountAlike(bool at_the_edges) const {
    size_t count = 0;
    for (size_t run = 1; run < runs(); ++run) {
      std::vector<bool> alike;
      for (size_t i = 0; i < Run(run).size(); ++i) alike.push_back(IsAlike(begins_[run] + i, run));
      const auto first = std::find(alike.begin(), alike.end(), false);
      const auto last = std::find(alike.rbegin(), alike.rend(), false);
      count += static_cast<size_t>(at_the_edges && first != alike.end()
                                       ? (first - alike.begin()) + (last - alike.rbegin())
                                       : std::count(alike.begin(), alike.end(), true));
    }
    return count;
  }

  tillrelay::testing::SeededRandom random_;
  const uint64_t kinds_;
  Receipts receipts_;
  std::vector<size_t> begins_;
};

// With the export's own time, a receipt each `pace_s` seconds, or in the pace of a till.
Receipts Stamped(Receipts receipts, int64_t at_s, int64_t pace_s, Day* random) {
  for (Receipt& receipt : receipts) {
    const int64_t pause_s = pace_s >= 0 ? pace_s : 5 + static_cast<int64_t>(random->Below(200));
    receipt.at_s = at_s += pause_s;
  }
  return receipts;
}

Receipts Shifted(Receipts receipts, int64_t by_s) {
  for (Receipt& receipt : receipts) receipt.at_s += by_s;
  return receipts;
}

Receipts Part(const Receipts& receipts, Day* random) {
  const size_t from = random->Below(receipts.size());
  const size_t count = 1 + random->Below(receipts.size() - from);
  const auto begin = receipts.begin() + static_cast<std::ptrdiff_t>(from);
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

class RestartTest : public ::testing::TestWithParam<int> {
 protected:
  static constexpr uint64_t kDays = 4, kDeepDays = 1;
};

// One article for all, two, a few, many.
INSTANTIATE_TEST_SUITE_P(Goods, RestartTest, ::testing::Values(1, 2, 3, 10, 200));

TEST_P(RestartTest, EverythingIsCountedOnceInItsOrderAndALittleOutOfIt) {
  for (uint64_t seed = 0; seed < kDays; ++seed) {
    for (const Restarts restarts : kAllRestarts) {
      Day day(seed, GetParam(), restarts);
      Store store(seed % 2 == 0 ? Numbering::kRegister : Numbering::kStore);
      const auto reported = day.Shuffled(seed % 4);
      store.Tell(reported);
      store.Tell(reported);  // a plain export of the day
      EXPECT_LE(store.waiting(), day.Ambiguous()) << seed;
      if (seed % 4 == 0 && GetParam() != 2 && restarts != Restarts::kTwice) {
        // And one or two that stand whole quarters of an hour from another, or far from their like.
        EXPECT_LE(store.waiting(), day.Unproven() + 2) << seed;
      }
      EXPECT_EQ(store.counted() + store.waiting(), reported.size()) << seed;
      EXPECT_LE(store.missing(), store.waiting()) << seed;
      EXPECT_FALSE(store.CountedMoreThan(day.receipts())) << seed;
      store.SayRestarted(static_cast<int>(day.runs()) - 1);
      EXPECT_EQ(store.waiting(), 0u) << seed << " one order for the day";
      EXPECT_EQ(store.counted(), reported.size()) << seed;
      EXPECT_EQ(store.missing(), 0u) << seed;
      EXPECT_FALSE(store.CountedMoreThan(day.receipts())) << seed;
    }
  }
}

// An export of the whole day, a run or any part of either, with any time in it, at any moment of
// the day and again behind it: nothing of it counts.
TEST_P(RestartTest, WhatAnExportTellsAgainCountsNeverTwice) {
  constexpr int64_t kPaces[] = {0, 1, 2, 5, 30, 110, -1};
  constexpr int64_t kShifts[] = {3600, -3600, 2 * 3600, 9 * 3600, 61,
                                 1000, 2777,  -2777,    11'111,   20'000};
  for (uint64_t seed = 0; seed < kDeepDays; ++seed) {
    for (const Restarts restarts : kAllRestarts) {
      Day day(seed, GetParam(), restarts);
      std::vector<std::pair<int64_t, Receipt>> arrivals;
      const auto export_of = [&](const Receipts& sold) {
        const int64_t at_s = sold.back().at_s + static_cast<int64_t>(day.Below(4000));
        Receipts told = seed % 3 == 0 ? sold : Part(sold, &day);
        if (day.Below(8) == 0) std::reverse(told.begin(), told.end());
        const bool shifted = day.Below(3) == 0;
        told = shifted ? Shifted(told, kShifts[day.Below(std::size(kShifts))])
                       : Stamped(told, at_s, kPaces[day.Below(std::size(kPaces))], &day);
        for (const Receipt& one : told) arrivals.emplace_back(std::max(at_s, one.at_s), one);
      };
      Receipts sold;
      const size_t every = 20 + day.Below(120);
      for (const Receipt& receipt : day.receipts()) {
        sold.push_back(receipt);
        // Some get lost, and an export brings them.
        if (seed % 2 == 0 || day.Below(20) > 0) arrivals.emplace_back(receipt.at_s, receipt);
        if (sold.size() % every == 0) export_of(sold);
      }
      for (int times = 0; times < 2; ++times) export_of(day.receipts());
      export_of(day.Run(day.Below(day.runs())));
      std::stable_sort(arrivals.begin(), arrivals.end(),
                       [](const auto& a, const auto& b) { return a.first < b.first; });
      Store store(Numbering::kRegister);
      for (const auto& [at_s, receipt] : arrivals) store.Tell(receipt);
      EXPECT_FALSE(store.CountedMoreThan(day.receipts()))
          << seed << " " << static_cast<int>(restarts);
    }
  }
}

// What waits for its retry has its number: an export of the run before, told meanwhile with times
// of the new one, does not take it.
TEST(RetryTest, WhatWaitsForItsRetryIsNotDisplacedByAnExport) {
  for (uint64_t seed = 0; seed < 400; ++seed) {
    testing::SeededRandom random(seed);
    Receipts sold;
    size_t numbers = 12 + random.Below(20);
    int64_t at_s = 8 * 3600;
    for (int run = 0; run < 2; ++run, at_s += 1800) {
      for (uint64_t number = 1; number <= numbers; ++number) {
        at_s += 10 + static_cast<int64_t>(random.Below(140));
        sold.push_back({number, at_s, static_cast<int>(random.Below(2 + seed % 12))});
      }
    }
    Receipts told(sold.begin(), sold.begin() + static_cast<std::ptrdiff_t>(numbers));
    const int64_t shift =
        sold[numbers].at_s - sold[0].at_s + static_cast<int64_t>(random.Below(120));
    for (Receipt& receipt : told) receipt.at_s += shift;
    std::erase_if(told, [&](const Receipt& receipt) {  // by chance what was sold at that second
      return std::any_of(sold.begin(), sold.end(),
                         [&](const Receipt& other) { return Store::Same(other, receipt); });
    });
    for (const bool late : {false, true}) {
      Store store(Numbering::kRegister);
      if (late) store.RetryLater();
      store.Tell(sold);
      store.Tell(told);
      store.RetryWhatFits();
      // Its sums may be others than those of the receipt that was sold: goods alone do not tell.
      EXPECT_TRUE(std::none_of(told.begin(), told.end(),
                               [&](const Receipt& receipt) { return store.Counted(receipt); }))
          << seed << " " << late;
    }
  }
}

TEST_P(RestartTest, InAnyOrderNothingIsCountedTwiceAndAPersonSaysTheRest) {
  for (uint64_t seed = 0; seed < kDays; ++seed) {
    Day day(seed, GetParam());
    Store store(Numbering::kRegister);
    const auto reported = day.Shuffled(1000);
    // The morning comes first, as it was told before the counter started again.
    store.Tell(day.Run(0));
    store.Tell(reported);
    EXPECT_EQ(store.counted() + store.waiting(), reported.size()) << seed;
    store.SayRestarted(1);
    EXPECT_EQ(store.waiting(), 0u) << seed;
    EXPECT_EQ(store.counted(), reported.size()) << seed;
    EXPECT_EQ(store.missing(), 0u) << seed;
  }
}

TEST_P(RestartTest, AnEpochOfTheRegisterCountsEverythingInAnyOrder) {
  for (uint64_t seed = 0; seed < kDays; ++seed) {
    Day day(seed, GetParam());
    Store store(Numbering::kRegister);
    auto reported = day.Shuffled(seed % 2 == 0 ? 1000 : 1);
    const int64_t noon = day.Run(1).front().at_s;
    for (Receipt& receipt : reported) {
      const bool afternoon = receipt.at_s >= noon;
      // Some registers tell it from their restart on, in the order of their sales.
      if (seed % 3 != 1 || afternoon) receipt.epoch = afternoon ? 2 : 1;
    }
    if (seed % 3 == 1) {
      std::stable_sort(reported.begin(), reported.end(),
                       [](const Receipt& a, const Receipt& b) { return a.at_s < b.at_s; });
    }
    store.Tell(reported);
    EXPECT_EQ(store.counted(), reported.size()) << seed;
    EXPECT_EQ(store.missing(), 0u) << seed;
  }
}

// A receipt that is really missing is a gap in whatever run it belongs to.
TEST_P(RestartTest, WhatIsMissingIsAGapBeforeTheRestartAndBehindIt) {
  for (uint64_t seed = 0; seed < kDays; ++seed) {
    Day day(seed, GetParam());
    Store store(Numbering::kRegister);
    const size_t morning = day.Run(0).size();
    const size_t lost_before = 2 + day.Below(morning - 4);
    const size_t lost_behind = morning + 5 + day.Below(10);
    for (size_t i = 0; i < day.receipts().size(); ++i) {
      if (i != lost_before && i != lost_behind) store.Tell(day.receipts()[i]);
    }
    store.SayRestarted(1);
    EXPECT_EQ(store.missing(), 2u) << seed;
    EXPECT_EQ(store.waiting(), 0u) << seed;
  }
}

}  // namespace
}  // namespace tillrelay::reconcile
