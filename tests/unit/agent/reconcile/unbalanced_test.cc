// Days that were closed and do not balance: known until they do, whatever is sold afterwards.
#include <gtest/gtest.h>

#include <map>

#include "agent/reconcile/reconciliation.h"

namespace tillrelay::reconcile {
namespace {

class UnbalancedTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }
  void Open() {
    books_.Attach([this](const std::string& key) -> Result<std::string> { return kept_[key]; });
  }
  event::Draft Draft(const std::string& day, int number, event::Kind kind = event::Kind::kSale) {
    event::Draft draft;
    draft.kind = kind;
    draft.register_id = "03";
    draft.business_day = day;
    draft.number = std::to_string(number);
    draft.book.status = "completed";
    draft.book.at_s = 1'795'420'800 + number * 60;
    return draft;
  }
  void Take(const event::Draft& draft) {
    const std::string store = "0042", stream = "01J";
    ASSERT_TRUE(books_.Stored(draft, {store, stream, ++sequence_, WallTime{}}).ok());
    for (auto& [key, text] : books_.Changed()) kept_[key] = text;
    books_.Committed();
  }
  void Close(const std::string& day, std::optional<int64_t> count) {
    event::Draft draft = Draft(day, 900, event::Kind::kDayClosed);
    event::PosControl control;
    control.transaction_count = count;
    draft.book.reported = control;
    Take(draft);
  }
  std::vector<std::string> Unbalanced() const {
    std::vector<std::string> days;
    for (const RegisterRow& row : books_.Unbalanced()) days.push_back(row.business_day);
    return days;
  }

  std::map<std::string, std::string> kept_;
  uint64_t sequence_ = 0;
  Reconciliation books_;
};

using Days = std::vector<std::string>;

TEST_F(UnbalancedTest, TheNextDaysSalesChangeNothingAboutIt) {
  Take(Draft("2026-11-20", 1));
  Close("2026-11-20", 2);
  EXPECT_EQ(Unbalanced(), Days{"2026-11-20"});
  Take(Draft("2026-11-21", 7));
  EXPECT_EQ(books_.Registers().at(0).result, "");
  EXPECT_EQ(Unbalanced(), Days{"2026-11-20"});
  EXPECT_EQ(books_.Unbalanced().at(0).distance, 1u);
  Take(Draft("2026-11-20", 2));  // it came late
  EXPECT_EQ(Unbalanced(), Days{});
  EXPECT_TRUE(books_.IsSettled("2026-11-20/3"));
}

TEST_F(UnbalancedTest, NumbersThatAreMissingCountWhereTheRegisterToldNoTotals) {
  Take(Draft("2026-11-20", 1));
  Take(Draft("2026-11-20", 4));
  EXPECT_EQ(Unbalanced(), Days{}) << "the day is open";
  Close("2026-11-20", std::nullopt);
  ASSERT_EQ(Unbalanced(), Days{"2026-11-20"});
  EXPECT_EQ(books_.Unbalanced().at(0).gaps, "2-3");
  Take(Draft("2026-11-20", 2));
  Take(Draft("2026-11-20", 3));
  EXPECT_EQ(Unbalanced(), Days{});
}

TEST_F(UnbalancedTest, ADayThatBalancesIsNone) {
  Take(Draft("2026-11-20", 1));
  Close("2026-11-20", 1);
  EXPECT_EQ(Unbalanced(), Days{});
  EXPECT_TRUE(books_.IsSettled("2026-11-20/3"));
  EXPECT_FALSE(books_.IsSettled("2026-11-19/3")) << "nobody knows";
}

TEST_F(UnbalancedTest, AfterAStartTheLastDaysAreKnownAgain) {
  for (int day = 10; day < 24; ++day) {
    const std::string date = "2026-11-" + std::to_string(day);
    Take(Draft(date, 1));
    Close(date, 2);
  }
  EXPECT_EQ(Unbalanced().size(), 14u);
  Reconciliation later;
  for (auto page = kept_.rbegin(); page != kept_.rend(); ++page) {  // the newest first
    later.Remember(page->first, page->second);
  }
  const auto rows = later.Unbalanced();
  ASSERT_EQ(rows.size(), Reconciliation::kRecentDays);
  EXPECT_EQ(rows.front().business_day, "2026-11-17");
}

}  // namespace
}  // namespace tillrelay::reconcile
