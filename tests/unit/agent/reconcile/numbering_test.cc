// Whose counter the numbers are: a register's, the store's, a series', nobody's. docs/books.md.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "agent/reconcile/reconciliation.h"
#include "common/base/json_reader.h"

namespace tillrelay::reconcile {
namespace {

constexpr int64_t kMorning = 1'795'420'800;

event::Draft Reported(const std::string& register_id, const std::string& number, int64_t minute,
                      event::Kind kind = event::Kind::kSale) {
  event::Draft draft;
  draft.kind = kind;
  draft.register_id = register_id;
  draft.business_day = "2026-11-23";
  draft.number = number;
  draft.book.status = "completed";
  draft.book.at_s = kMorning + minute * 60;
  return draft;
}

class NumberingTest : public ::testing::Test {
 protected:
  void Use(Numbering all, std::map<std::string, Numbering, std::less<>> of = {}) {
    books_->SetNumbering({all, std::move(of)});
  }
  void SetUp() override { Open(); }
  // As after a start: everything is read from the pages that were kept.
  void Open() {
    books_->Attach([this](const std::string& key) -> Result<std::string> { return kept_[key]; });
  }
  void Afresh() {
    kept_.clear();
    books_.emplace();
    Open();
  }
  std::string Store(const event::Draft& draft) {
    const std::string store = "0042", stream = "S";
    auto more = books_->Stored(draft, {store, stream, ++sequence_, WallTime{}});
    EXPECT_TRUE(more.ok());
    Commit();
    return more.ok() ? *more : "";
  }
  void Commit() {
    for (const auto& [key, text] : books_->Changed()) kept_[key] = text;
    books_->Committed();
  }
  bool Reused(const event::Draft& draft, int64_t known_minute, bool same_goods = false) {
    const auto reused =
        books_->Reused(draft, {{kMorning + known_minute * 60, same_goods}}, WallTime{});
    Commit();
    return reused.ok() && *reused;
  }
  uint64_t Missing() {
    uint64_t missing = 0;
    for (const auto& row : books_->Registers()) missing += row.missing;
    return missing;
  }
  size_t Bytes() const {
    size_t bytes = 0;
    for (const auto& [key, text] : kept_) bytes += text.size();
    return bytes;
  }
  // A day of eight registers that draw their numbers from one counter, some of them late.
  void SellFromOneCounter(int numbers, int without = 0) {
    for (int number = 1; number <= numbers; ++number) {
      if (number == without) continue;
      const int shifted = number % 2 == 0 ? number - 1 : number + 1;  // pairs change places
      const int given = shifted == without || shifted > numbers ? number : shifted;
      Store(Reported(std::to_string(1 + given % 8), std::to_string(given), given));
    }
  }

  std::optional<Reconciliation> books_{std::in_place};
  std::map<std::string, std::string> kept_;
  uint64_t sequence_ = 0;
};

TEST_F(NumberingTest, ASharedCounterHasNoFalseGapAndNoMissingOne) {
  SellFromOneCounter(400);
  EXPECT_GT(Missing(), 2000u) << "counted for each register";
  const size_t with_runs = Bytes();
  Afresh();
  Use(Numbering::kStore);
  SellFromOneCounter(400);
  EXPECT_EQ(0u, Missing());
  EXPECT_LT(Bytes(), with_runs);
  Open();
  Store(Reported("3", "402", 402));
  EXPECT_EQ(1u, Missing());
  Store(Reported("4", "401", 401));
  EXPECT_EQ(0u, Missing());
}

TEST_F(NumberingTest, ASharedCounterIsRecognised) {
  const auto shared = [this] {
    const auto rows = books_->Registers();
    return std::any_of(rows.begin(), rows.end(), [](const auto& r) { return r.shares_counter; });
  };
  for (int number = 1; number <= 200; ++number) {
    for (const char* id : {"1", "2", "3"}) {
      if (number % 3 != 0) Store(Reported(id, std::to_string(number), number));
    }
  }
  EXPECT_FALSE(shared()) << "counters of their own, with gaps";
  Afresh();
  SellFromOneCounter(200);
  EXPECT_TRUE(shared());
  for (const auto& row : books_->Registers()) EXPECT_EQ("", row.result);
}

TEST_F(NumberingTest, TheDayCloseOfASharedCounterComparesItsCounts) {
  Use(Numbering::kStore);
  for (int number = 1; number <= 20; ++number) {
    Store(Reported(number % 2 == 0 ? "1" : "2", std::to_string(number), number));
  }
  auto close = Reported("1", "7", 800, event::Kind::kDayClosed);
  auto& reported = close.book.reported.emplace();
  reported.first_transaction_no = "2";
  reported.last_transaction_no = "20";
  reported.transaction_count = 10;
  EXPECT_NE(std::string::npos, Store(close).find(R"("result":"balanced")"));
  close.book.reported->transaction_count = 1;
  EXPECT_NE(std::string::npos, Store(close).find(R"("result":"mismatch")"));
}

TEST_F(NumberingTest, ASharedCounterThatStartsAgainAtNoonCountsEverything) {
  Use(Numbering::kStore);
  for (int number = 1; number <= 90; ++number) {
    Store(Reported(std::to_string(1 + number % 8), std::to_string(number), number));
  }
  // Every third has the article of before; it waits until another one follows it.
  std::vector<event::Draft> waiting;
  const auto sell = [&](int number) {
    event::Draft draft =
        Reported(std::to_string(1 + number % 8), std::to_string(number), 300 + number);
    draft.book.at_s += 11;
    if (!Reused(draft, number, number % 3 == 0)) return waiting.push_back(draft);
    Store(draft);
  };
  for (int number = 1; number <= 90; ++number) sell(number);
  ASSERT_EQ(31u, waiting.size());
  for (const event::Draft& draft : waiting) {
    const int number = std::stoi(draft.number);
    const bool taken = Reused(draft, number, number % 3 == 0);
    EXPECT_EQ(taken, number != 90) << number << ": the last one has no successor";
    if (taken) Store(draft);
  }
  event::Draft last = waiting.back();
  last.book.register_epoch = DaySummary::DeclaredEpoch(1);
  EXPECT_TRUE(Reused(last, 90, true)) << "one order takes it";
  Store(last);
  EXPECT_EQ(0u, Missing());
}

TEST_F(NumberingTest, SeriesCountForThemselves) {
  Use(Numbering::kSeries);
  for (int number = 5000; number < 5020; ++number)
    Store(Reported("03", std::to_string(number), number));
  for (int number = 1; number <= 5; ++number) {
    Store(Reported("03", std::to_string(number), 6000 + number, event::Kind::kReturn));
    Store(Reported("03", "A-" + std::to_string(number), 6000 + number));
  }
  EXPECT_EQ(0u, Missing());
  Store(Reported("03", "7", 6010, event::Kind::kReturn));
  Store(Reported("03", "A-8", 6010));
  EXPECT_EQ(3u, Missing());
}

TEST_F(NumberingTest, ASaleAndAReturnOfTwoSeriesShareANumber) {
  Use(Numbering::kSeries);
  Store(Reported("03", "17", 1));
  const auto returned = Reported("03", "17", 2, event::Kind::kReturn);
  EXPECT_TRUE(Reused(returned, 1));
  Store(returned);
  EXPECT_FALSE(Reused(Reported("03", "17", 30, event::Kind::kReturn), 2)) << "its series knows it";
  EXPECT_FALSE(Reused(Reported("03", "17", 30), 1));
  Store(Reported("03", "A-1", 3));
  EXPECT_FALSE(Reused(Reported("03", "A-1", 40), 3)) << "the beginning is a part of the number";
}

TEST_F(NumberingTest, ASettingThatChangesAtMiddayTakesNoNumberForAnother) {
  for (const Numbering before : {Numbering::kRegister, Numbering::kNone, Numbering::kStore}) {
    Afresh();
    Use(before);
    Store(Reported("03", "17", 1, event::Kind::kReturn));
    Store(Reported("03", "18", 2));
    Use(Numbering::kSeries);
    Open();
    EXPECT_FALSE(Reused(Reported("03", "17", 30, event::Kind::kReturn), 1));
    EXPECT_FALSE(Reused(Reported("03", "18", 30), 2));
  }
}

TEST_F(NumberingTest, NoneNeverTellsAGap) {
  Use(Numbering::kRegister, {{"7", Numbering::kNone}});
  for (int number = 1; number <= 300; number += 7)
    Store(Reported("07", std::to_string(number), number));
  EXPECT_EQ(0u, Missing());
  EXPECT_FALSE(Reused(Reported("07", "1", 400), 1));
  Store(Reported("08", "1", 1));
  Store(Reported("08", "3", 3));
  EXPECT_EQ(1u, Missing());
}

}  // namespace
}  // namespace tillrelay::reconcile
