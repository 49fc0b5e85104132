// A counter that starts again at noon, told in many orders, and told again by exports: everything
// is counted once, nothing twice, and no gap is false. docs/books.md, "A counter that starts
// again".
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

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
  bool sold = true;  // false: made up by an export, nobody sold it
};

// The journal as far as it asks the books: what is known, what is a repeat, what waits.
class Store {
 public:
  explicit Store(Numbering numbering) {
    books_.SetNumbering({numbering, {}});
    books_.Attach([this](const std::string& key) -> Result<std::string> { return kept_[key]; });
  }

  void Tell(const Receipt& receipt) {
    if (Take(receipt)) return books_.TakeRestarted().empty() ? void() : RetryWhatFits();
    const auto same = [&](const Receipt& other) { return Same(other, receipt); };
    if (std::none_of(waiting_.begin(), waiting_.end(), same)) waiting_.push_back(receipt);
  }
  // A person says that the register's counter started again.
  void SayRestarted() {
    for (Receipt& receipt : waiting_) receipt.epoch = kDeclaredEpoch;
    RetryWhatFits();
  }

  size_t counted() const { return counted_; }
  size_t waiting() const { return waiting_.size(); }
  bool CountedTwice() const { return made_up_ > 0; }
  uint64_t missing() {
    uint64_t missing = 0;
    for (const auto& row : books_.Registers()) missing += row.missing;
    return missing;
  }

 private:
  static bool Same(const Receipt& a, const Receipt& b) {
    return a.number == b.number && a.at_s == b.at_s && a.goods == b.goods;
  }
  static event::Draft DraftOf(const Receipt& receipt) {
    event::Draft draft;
    draft.kind = event::Kind::kSale;
    draft.register_id = "3";
    draft.business_day = "2026-11-23";
    draft.number = std::to_string(receipt.number);
    draft.book.status = "completed";
    draft.book.at_s = receipt.at_s;
    draft.book.register_epoch = receipt.epoch;
    draft.identity.digest[0] = static_cast<uint8_t>(receipt.goods);
    return draft;
  }

  // One transaction: what is not taken by a retry leaves no trace.
  bool Take(const Receipt& receipt, bool retry = false) {
    const auto& known = known_[receipt.number];
    const auto same = [&](const Receipt& other) { return Same(other, receipt); };
    if (std::any_of(known.begin(), known.end(), same)) return true;
    const event::Draft draft = DraftOf(receipt);
    for (const Receipt& row : known) {
      auto reused = books_.Reused(draft, row.at_s, row.goods == receipt.goods, WallTime{});
      if (*reused) continue;
      retry ? books_.RolledBack() : Commit();
      return false;
    }
    EXPECT_TRUE(books_.Stored(draft, {"0042", "S", ++counted_, WallTime{}}).ok());
    Commit();
    known_[receipt.number].push_back(receipt);
    made_up_ += receipt.sold ? 0 : 1;
    return true;
  }
  void Commit() {
    for (const auto& [key, text] : books_.Changed()) kept_[key] = text;
    books_.Committed();
  }
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

  Reconciliation books_;
  std::map<std::string, std::string> kept_;
  std::map<uint64_t, std::vector<Receipt>> known_;
  std::vector<Receipt> waiting_;
  size_t counted_ = 0, made_up_ = 0;
};

class Day {
 public:
  Day(uint64_t seed, int kinds_of_goods)
      : random_(seed), kinds_(static_cast<uint64_t>(kinds_of_goods)) {
    Sell(1, 40 + Below(120), kMorning);
    const int64_t noon = receipts_.back().at_s + 20 * 60 + static_cast<int64_t>(Below(7200));
    morning_ = static_cast<std::ptrdiff_t>(receipts_.size());
    Sell(1, 20 + Below(static_cast<uint64_t>(morning_) - 32), noon);
  }

  uint64_t Below(uint64_t bound) { return random_.Below(bound); }
  const std::vector<Receipt>& receipts() const { return receipts_; }
  std::vector<Receipt> Morning() const { return {receipts_.begin(), receipts_.begin() + morning_}; }
  size_t morning() const { return static_cast<size_t>(morning_); }
  int64_t end() const { return receipts_.back().at_s; }
  // Of the afternoon, those that may be the morning's, told with another offset; and, where
  // receipts are seldom alike, every one with the morning's goods.
  size_t Ambiguous(bool all_alike) const {
    size_t count = 0;
    for (auto at = receipts_.begin() + morning_; at != receipts_.end(); ++at) {
      const Receipt& morning = receipts_[at->number - 1];
      if (morning.goods != at->goods) continue;
      count += all_alike || (at->at_s - morning.at_s) % 900 == 0 ? 1 : 0;
    }
    return count;
  }
  // Each may come up to `places` later than its turn.
  std::vector<Receipt> Shuffled(uint64_t places) {
    std::vector<std::pair<uint64_t, Receipt>> turns;
    for (size_t i = 0; i < receipts_.size(); ++i) {
      turns.emplace_back(i * 100 + Below(places * 100 + 1), receipts_[i]);
    }
    std::stable_sort(turns.begin(), turns.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<Receipt> told;
    for (const auto& [turn, receipt] : turns) told.push_back(receipt);
    return told;
  }

 private:
  void Sell(uint64_t first, uint64_t count, int64_t at_s) {
    for (uint64_t number = first; number < first + count; ++number) {
      at_s += 20 + static_cast<int64_t>(Below(200));
      receipts_.push_back({number, at_s, static_cast<int>(Below(kinds_)), {}, true});
    }
  }

  tillrelay::testing::SeededRandom random_;
  const uint64_t kinds_;
  std::vector<Receipt> receipts_;
  std::ptrdiff_t morning_ = 0;
};

std::vector<Receipt> Stamped(std::vector<Receipt> receipts, int64_t at_s, int64_t pace_s) {
  for (Receipt& receipt : receipts) {
    receipt.at_s = at_s += pace_s;
    receipt.sold = false;
  }
  return receipts;
}

std::vector<Receipt> Shifted(std::vector<Receipt> receipts, int64_t by_s) {
  for (Receipt& receipt : receipts) {
    receipt.at_s += by_s;
    receipt.sold = false;
  }
  return receipts;
}

class RestartTest : public ::testing::TestWithParam<int> {
 protected:
  static constexpr uint64_t kDays = 12;
};

// One article for all, a few, many.
INSTANTIATE_TEST_SUITE_P(Goods, RestartTest, ::testing::Values(1, 3, 200));

TEST_P(RestartTest, EverythingIsCountedOnceInItsOrderAndALittleOutOfIt) {
  for (uint64_t seed = 0; seed < kDays; ++seed) {
    Day day(seed, GetParam());
    Store store(seed % 2 == 0 ? Numbering::kRegister : Numbering::kStore);
    const auto told = day.Shuffled(seed % 4);
    for (const Receipt& receipt : told) store.Tell(receipt);
    for (const Receipt& receipt : told) store.Tell(receipt);  // a plain export of the day
    EXPECT_LE(store.waiting(), day.Ambiguous(GetParam() > 10)) << seed;
    EXPECT_EQ(store.counted() + store.waiting(), told.size()) << seed;
    EXPECT_LE(store.missing(), store.waiting()) << seed;
  }
}

TEST_P(RestartTest, AnExportThatStampsItsReceiptsCountsNoneOfThemAgain) {
  for (uint64_t seed = 0; seed < kDays; ++seed) {
    for (const bool restarted : {false, true}) {
      Day day(seed, GetParam());
      Store store(Numbering::kRegister);
      for (const Receipt& receipt : restarted ? day.receipts() : day.Morning()) store.Tell(receipt);
      const size_t before = store.counted();
      const int64_t at_s = (restarted ? day.end() : day.Morning().back().at_s) + 1800;
      auto again = Stamped(day.Morning(), at_s, static_cast<int64_t>(seed % 3));
      if (seed % 5 == 0) std::reverse(again.begin(), again.end());
      for (const Receipt& receipt : again) store.Tell(receipt);
      EXPECT_EQ(store.counted(), before) << seed << restarted;
      EXPECT_FALSE(store.CountedTwice()) << seed;
    }
  }
}

TEST_P(RestartTest, AnExportWithAnotherOffsetCountsNoneOfThemAgain) {
  for (uint64_t seed = 0; seed < kDays; ++seed) {
    Day day(seed, GetParam());
    Store store(Numbering::kRegister);
    for (const Receipt& receipt : day.receipts()) store.Tell(receipt);
    const size_t before = store.counted();
    for (const int64_t hours : {1, -1, 2, 5, 9}) {
      for (const Receipt& receipt : Shifted(day.Morning(), hours * 3600)) store.Tell(receipt);
    }
    EXPECT_EQ(store.counted(), before) << seed;
  }
}

TEST_P(RestartTest, InAnyOrderNothingIsCountedTwiceAndAPersonSaysTheRest) {
  for (uint64_t seed = 0; seed < kDays; ++seed) {
    Day day(seed, GetParam());
    Store store(Numbering::kRegister);
    const auto told = day.Shuffled(1000);
    // The morning comes first, as it was told before the counter started again.
    for (const Receipt& receipt : day.Morning()) store.Tell(receipt);
    for (const Receipt& receipt : told) store.Tell(receipt);
    EXPECT_EQ(store.counted() + store.waiting(), told.size()) << seed;
    store.SayRestarted();
    EXPECT_EQ(store.waiting(), 0u) << seed;
    EXPECT_EQ(store.counted(), told.size()) << seed;
    EXPECT_EQ(store.missing(), 0u) << seed;
  }
}

TEST_P(RestartTest, AnEpochOfTheRegisterCountsEverythingInAnyOrder) {
  for (uint64_t seed = 0; seed < kDays; ++seed) {
    Day day(seed, GetParam());
    Store store(Numbering::kRegister);
    auto told = day.Shuffled(seed % 2 == 0 ? 1000 : 1);
    const int64_t noon = day.receipts()[day.morning()].at_s;
    for (Receipt& receipt : told) {
      const bool afternoon = receipt.at_s >= noon;
      // Some registers tell it from their restart on, in the order of their sales.
      if (seed % 3 != 1 || afternoon) receipt.epoch = afternoon ? 2 : 1;
    }
    if (seed % 3 == 1) {
      std::stable_sort(told.begin(), told.end(),
                       [](const Receipt& a, const Receipt& b) { return a.at_s < b.at_s; });
    }
    for (const Receipt& receipt : told) store.Tell(receipt);
    EXPECT_EQ(store.counted(), told.size()) << seed;
    EXPECT_EQ(store.missing(), 0u) << seed;
  }
}

// A receipt that is really missing is a gap in whatever run it belongs to.
TEST_P(RestartTest, WhatIsMissingIsAGapBeforeTheRestartAndBehindIt) {
  for (uint64_t seed = 0; seed < kDays; ++seed) {
    Day day(seed, GetParam());
    Store store(Numbering::kRegister);
    const size_t lost_before = 2 + day.Below(day.morning() - 4);
    const size_t lost_behind = day.morning() + 5 + day.Below(10);
    for (size_t i = 0; i < day.receipts().size(); ++i) {
      if (i != lost_before && i != lost_behind) store.Tell(day.receipts()[i]);
    }
    EXPECT_GE(store.missing(), 2u) << seed;
    EXPECT_LE(store.missing(), 2 + store.waiting()) << seed;
  }
}

}  // namespace
}  // namespace tillrelay::reconcile
