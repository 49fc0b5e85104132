// What a page says of a day: gaps, restarts, closes. docs/books.md.
#include "common/reconcile/day_summary.h"

#include <gtest/gtest.h>

#include "agent/reconcile/reconciliation.h"
#include "common/base/json_reader.h"

namespace tillrelay::reconcile {
namespace {

constexpr int64_t kMorning = 1'795'420'800;  // 2026-11-23T08:00:00Z

event::Draft Reported(int number, int64_t minute, event::Kind kind = event::Kind::kSale) {
  event::Draft draft;
  draft.kind = kind;
  draft.register_id = "03";
  draft.business_day = "2026-11-23";
  draft.number = std::to_string(number);
  draft.book.status = kind == event::Kind::kRegisterControl ? "control" : "completed";
  draft.book.at_s = kMorning + minute * 60;
  draft.identity.id = {static_cast<uint8_t>(number), static_cast<uint8_t>(minute)};
  return draft;
}

event::Draft Close(int first, int last, int count) {
  event::Draft draft = Reported(1187, 800, event::Kind::kDayClosed);
  auto& reported = draft.book.reported.emplace();
  reported.first_transaction_no = std::to_string(first);
  reported.last_transaction_no = std::to_string(last);
  reported.transaction_count = count;
  return draft;
}

class DayPageTest : public ::testing::Test {
 protected:
  void Store(const event::Draft& draft) {
    page_.Stored(draft, ++sequence_);
    if (event::IsTransaction(draft.kind)) page_.CountNumber(draft, draft.number);
    // A page is read again from its text at any time: nothing may depend on what is not in it.
    page_ = DaySummary::Parse(page_.Text()).value();
  }
  void Sell(int from, int through, int64_t minute) {
    for (int number = from; number <= through; ++number) Store(Reported(number, minute++));
  }
  std::string Gaps() const {
    std::string text;
    for (const auto& gap : page_.Gaps()) text += RunText(gap) + " ";
    return text;
  }
  // The number was told at `known_minute` and is told again, with other lines, at `minute`.
  bool Reuse(int number, int64_t known_minute, int64_t minute, bool same_goods = false) {
    event::Draft draft = Reported(number, minute);
    if (same_goods) draft.book.at_s += 7;
    const bool taken = Reused(draft, kMorning + known_minute * 60, same_goods);
    if (taken) Store(draft);
    return taken;
  }
  bool Reused(const event::Draft& draft, std::optional<int64_t> known_at_s,
              bool same_goods = false) {
    return page_.TakeReused(draft, {{known_at_s, same_goods}});
  }

  DaySummary page_;
  uint64_t sequence_ = 0;
};

TEST_F(DayPageTest, FillersCountAndLateDocumentsFillAGap) {
  Sell(10, 12, 0);
  Store(Reported(13, 3, event::Kind::kRegisterControl));
  Sell(16, 17, 5);
  EXPECT_EQ(Gaps(), "14-15 ");
  Store(Reported(15, 4));
  EXPECT_EQ(Gaps(), "14 ");
  EXPECT_EQ(page_.missing(), 1u);
  EXPECT_EQ(page_.restarts(), 0u);
}

TEST_F(DayPageTest, AStragglerWithAnEarlierTimeIsNoRestart) {
  Sell(100, 110, 60);
  Sell(90, 95, 10);
  EXPECT_EQ(page_.restarts(), 0u);
  EXPECT_EQ(Gaps(), "96-99 ");
}

TEST_F(DayPageTest, ACounterThatStartsAgainLeavesNoGap) {
  Sell(4602, 4610, 0);
  Sell(1, 5, 60);
  EXPECT_EQ(page_.restarts(), 1u);
  EXPECT_EQ(Gaps(), "");
  EXPECT_EQ(page_.numbers(), 14u);
}

TEST_F(DayPageTest, AReusedNumberIsTakenOnlyBehindASeenJump) {
  Sell(1, 50, 0);
  EXPECT_FALSE(Reuse(1, 0, 120)) << "one document alone proves nothing";
  EXPECT_TRUE(Reuse(2, 1, 121));
  EXPECT_TRUE(Reuse(1, 0, 120)) << "retried once the jump was seen";
  EXPECT_TRUE(Reuse(3, 2, 122));
  EXPECT_EQ(page_.restarts(), 1u);
  EXPECT_EQ(page_.conflicts(), 1u);
  EXPECT_EQ(Gaps(), "");
}

// Where the same goods are sold again, order proves nothing: an export may be in order, too.
// Receipts on both sides of it that nobody has told before prove it.
TEST_F(DayPageTest, TheSameGoodsAreTakenOnlyBetweenTwoThatAreNew) {
  Sell(1, 120, 0);
  for (int number = 1; number <= 30; ++number) {
    EXPECT_FALSE(Reuse(number, number - 1, 300 + number, true)) << "an export in order";
  }
  EXPECT_EQ(page_.restarts(), 0u);
  EXPECT_FALSE(Reuse(1, 0, 400));
  EXPECT_FALSE(Reuse(2, 1, 401, true));
  EXPECT_TRUE(Reuse(4, 3, 403)) << "behind the first one";
  EXPECT_TRUE(Reuse(1, 0, 400));
  EXPECT_FALSE(Reuse(5, 4, 404, true)) << "nothing new follows it";
  EXPECT_TRUE(Reuse(2, 1, 401, true));
  const DaySummary before = page_;
  EXPECT_FALSE(Reuse(3, 2, 403, true)) << "later than its successor";
  EXPECT_FALSE(Reuse(3, 2, 399, true)) << "earlier than its predecessor";
  EXPECT_FALSE(Reuse(3, 2, 402, true)) << "two wait under its number";
  page_ = before;
  EXPECT_TRUE(Reuse(3, 2, 402, true));
  EXPECT_TRUE(Reuse(6, 5, 405));
  const DaySummary beside = page_;
  EXPECT_FALSE(Reused(Reported(5, 404), kMorning + 14 * 60, true)) << "with another offset";
  page_ = beside;
  EXPECT_TRUE(Reuse(5, 4, 404, true));
  EXPECT_FALSE(Reuse(5, 4, 404, true)) << "known in the new run as well";
  EXPECT_EQ(Gaps(), "");
  EXPECT_TRUE(Reuse(40, 39, 450));
  EXPECT_FALSE(Reuse(20, 19, 425, true)) << "too far from both";
}

// One known telling with the same goods is enough to doubt it, whatever the others are.
TEST_F(DayPageTest, AReceiptOfTheFirstRunIsKnownBesideOneOfTheSecond) {
  Sell(1, 50, 0);
  for (int number = 1; number <= 8; ++number) Reuse(number, number - 1, 120 + number);
  EXPECT_TRUE(Reuse(1, 0, 121));
  const auto again = [this](int number, bool first, bool second) {
    event::Draft draft = Reported(number, 300 + number);
    draft.book.at_s += 7;
    return page_.TakeReused(
        draft, {{kMorning + (number - 1) * 60, first}, {kMorning + (120 + number) * 60, second}});
  };
  for (int number = 1; number <= 8; ++number) {
    EXPECT_FALSE(again(number, number % 2 == 0, number % 2 == 1)) << number;
  }
  EXPECT_EQ(page_.restarts(), 1u);
  again(1, false, false);
  EXPECT_TRUE(again(2, false, false));
  EXPECT_EQ(page_.restarts(), 2u);
}

TEST_F(DayPageTest, APersonSaysThatItStartedAgainAndHowOften) {
  Sell(1, 20, 0);
  const auto declared = [this](int number, int64_t minute, int restarts) {
    event::Draft draft = Reported(number, minute);
    draft.book.register_epoch = DaySummary::DeclaredEpoch(restarts);
    const bool taken = Reused(draft, kMorning + (number - 1) * 60, true);
    if (taken) Store(draft);
    return taken;
  };
  for (int number = 1; number <= 9; ++number) EXPECT_TRUE(declared(number, 300 + number, 1));
  for (int number = 1; number <= 9; ++number) {
    EXPECT_FALSE(declared(number, 600 + number, 1)) << "the run has this number";
  }
  EXPECT_EQ(page_.restarts(), 1u);
  for (int number = 1; number <= 9; ++number) EXPECT_TRUE(declared(number, 600 + number, 2));
  for (int number = 1; number <= 9; ++number) EXPECT_FALSE(declared(number, 600 + number, 2));
  EXPECT_EQ(page_.restarts(), 2u);
  EXPECT_EQ(Gaps(), "");
}

TEST_F(DayPageTest, ANumberOfAnotherBusinessDayIsAnother) {
  auto morning = Reported(150, 7 * 60);
  const int64_t night = morning.book.at_s - 14 * 3600 - 77;
  EXPECT_FALSE(Reused(morning, night)) << "both told by the same day";
  morning.book.day_s = {morning.book.at_s - 11 * 3600, morning.book.at_s + 13 * 3600};
  EXPECT_TRUE(Reused(morning, night));
  EXPECT_FALSE(Reused(morning, night, true)) << "perhaps the same one";
  EXPECT_FALSE(Reused(morning, night + 77)) << "an export with another offset";
  EXPECT_FALSE(Reused(morning, morning.book.at_s - 2 * 3600 - 77));
  EXPECT_FALSE(Reused(morning, std::nullopt));
}

TEST_F(DayPageTest, ARegisterEpochTakesTheSameGoodsAtOnce) {
  for (int number = 1; number <= 9; ++number) {
    auto old = Reported(number, number);
    old.book.register_epoch = 1;
    Store(old);
  }
  for (int number = 1; number <= 9; ++number) {
    auto fresh = Reported(number, 300 + number);
    fresh.book.register_epoch = 2;
    EXPECT_TRUE(Reused(fresh, kMorning + number * 60, true)) << number;
    Store(fresh);
  }
  EXPECT_EQ(Gaps(), "");
}

TEST_F(DayPageTest, AChangedReceiptIsNoReusedNumber) {
  Sell(1, 50, 0);
  EXPECT_FALSE(Reuse(7, 6, 200));
  EXPECT_FALSE(Reuse(7, 6, 210));
  EXPECT_FALSE(Reuse(30, 29, 220)) << "too far on to be the next number";
  EXPECT_EQ(page_.restarts(), 0u);
}

TEST_F(DayPageTest, TimesCloserThanAQuarterOfAnHourProveNothing) {
  Sell(1, 50, 0);
  Sell(60, 60, 51);
  EXPECT_FALSE(Reuse(49, 48, 52));
  EXPECT_FALSE(Reuse(50, 49, 53));
}

TEST_F(DayPageTest, UntrustworthyTimesProveNothing) {
  Sell(1, 50, 0);
  EXPECT_FALSE(Reused(Reported(1, 120), std::nullopt));
  event::Draft ambiguous = Reported(2, 121);
  ambiguous.book.time_trusted = false;
  EXPECT_FALSE(Reused(ambiguous, kMorning + 60));
}

TEST_F(DayPageTest, ARegisterEpochSaysTheSameAtOnce) {
  auto old = Reported(5, 0);
  old.book.register_epoch = 1;
  Store(old);
  auto fresh = Reported(5, 60);
  fresh.book.register_epoch = 2;
  EXPECT_TRUE(Reused(fresh, kMorning));
}

TEST_F(DayPageTest, AStragglerThatLookedLikeAJumpIsCountedWhenAnotherComes) {
  Sell(100, 105, 0);
  Store(Reported(40, 50));  // below the first, later: suspected
  Sell(106, 107, 60);
  EXPECT_EQ(page_.restarts(), 0u);
  EXPECT_EQ(Gaps(), "");
  Store(Reported(20, 90));
  EXPECT_EQ(Gaps(), "41-99 ");
  EXPECT_EQ(page_.numbers(), 10u);
}

TEST_F(DayPageTest, ADayIsBalancedOnlyIfEverythingToldAgrees) {
  Sell(1, 10, 0);
  EXPECT_EQ(page_.Result(), "");
  Store(Close(1, 10, 10));
  EXPECT_EQ(page_.Result(), "balanced");
  EXPECT_FALSE(page_.reopened());
}

TEST_F(DayPageTest, MissingFirstAndLastNumbersAreGaps) {
  Sell(2, 9, 0);
  Store(Close(1, 10, 10));
  EXPECT_EQ(page_.Result(), "gaps");
  EXPECT_EQ(Gaps(), "1 10 ");
}

TEST_F(DayPageTest, ALateDocumentOpensTheDayAgainAndGivesANewResult) {
  Sell(1, 9, 0);
  Store(Close(1, 10, 10));
  EXPECT_EQ(page_.Result(), "gaps");
  Store(Reported(10, 9));
  EXPECT_TRUE(page_.reopened());
  EXPECT_EQ(page_.Result(), "balanced");
}

TEST_F(DayPageTest, CountsAndMoneyThatDifferAreAMismatch) {
  for (int number = 1; number <= 3; ++number) {
    auto sale = Reported(number, number);
    sale.book.net_amount = Decimal::Parse("1.10").value();
    Store(sale);
  }
  auto close = Close(1, 3, 3);
  close.book.reported->net_amount = Decimal::Parse("3.30").value();
  Store(close);
  EXPECT_EQ(page_.Result(), "balanced");
  auto again = Close(1, 3, 0);
  again.book.reported->net_amount = Decimal::Parse("0.01").value();
  Store(again);
  EXPECT_EQ(page_.Result(), "mismatch");
}

// Every mix of currencies that were sold in and told.
TEST_F(DayPageTest, MoneyIsComparedByCurrency) {
  using Money = std::vector<std::pair<std::string, std::string>>;  // currency, amount
  struct Case {
    Money sold, reported;
    std::string result;
  };
  const Case cases[] = {
      {{{"EUR", "3"}, {"EUR", "4"}}, {{"EUR", "7"}}, "balanced"},
      {{{"EUR", "3"}, {"EUR", "4"}}, {{"", "7"}}, "balanced"},
      {{{"", "3"}, {"", "4"}}, {{"EUR", "7"}}, "balanced"},
      {{{"", "3"}, {"EUR", "4"}}, {{"EUR", "7"}}, "balanced"},
      {{{"EUR", "3"}, {"EUR", "4"}}, {{"CHF", "7"}}, "mismatch"},
      {{{"EUR", "3"}, {"CHF", "4"}}, {{"", "7"}}, "mismatch"},
      {{{"EUR", "3"}, {"CHF", "4"}}, {{"EUR", "7"}}, "mismatch"},
      {{{"EUR", "3"}, {"CHF", "4"}}, {{"EUR", "3"}}, "mismatch"},
      {{{"EUR", "3"}, {"CHF", "4"}}, {{"EUR", "3"}, {"CHF", "4"}}, "balanced"},
      {{{"EUR", "3"}, {"CHF", "4"}}, {{"EUR", "4"}, {"CHF", "3"}}, "mismatch"},
      {{{"EUR", "3"}, {"CHF", "0"}}, {{"EUR", "3"}}, "balanced"},
      {{{"EUR", "3"}}, {{"EUR", "3"}, {"CHF", "1"}}, "mismatch"},
  };
  for (const Case& c : cases) {
    page_ = {};
    int number = 0;
    for (const auto& [currency, amount] : c.sold) {
      ++number;
      event::Draft sale = Reported(number, number);
      sale.book.currency = currency;
      sale.book.net_amount = Decimal::Parse(amount).value();
      Store(sale);
    }
    for (size_t i = 0; i < c.reported.size(); ++i) {
      event::Draft close = Close(1, number, i == 0 ? number : 0);
      close.book.currency = c.reported[i].first;
      close.book.reported->net_amount = Decimal::Parse(c.reported[i].second).value();
      Store(close);
    }
    EXPECT_EQ(page_.Result(), c.result) << page_.Text();
    EXPECT_EQ(page_.Distance() == 0, c.result == "balanced") << page_.Text();
  }
}

TEST_F(DayPageTest, AmountsOfSeveralCurrenciesAreNeverOne) {
  using Amounts = std::vector<std::pair<std::string, std::string>>;
  struct Case {
    Amounts sold, reported;
    std::string here, there, compared;
    uint64_t distance;
  };
  const Case cases[] = {
      {{{"EUR", "3"}}, {{"EUR", "4"}}, "3", "4", "EUR -1; ", 100},
      {{{"EUR", "3"}}, {{"", "3"}}, "3", "3", "EUR 0; ", 0},
      {{{"EUR", "3"}}, {{"CHF", "3"}}, "3 EUR", "3 CHF", "CHF -3; EUR 3; ", 2},
      {{{"EUR", "3"}, {"CHF", "4"}}, {{"EUR", "7"}}, "4 CHF, 3 EUR", "7 EUR", "CHF 4; EUR -4; ", 2},
      {{{"EUR", "3"}}, {{"EUR", "3"}, {"CHF", "1"}}, "3 EUR", "1 CHF, 3 EUR", "CHF -1; EUR 0; ", 1},
      {{{"EUR", "3"}, {"CHF", "4"}},
       {{"", "7"}},
       "4 CHF, 3 EUR",
       "7 (no currency)",
       " -7; CHF 4; EUR 3; ",
       3},
  };
  for (const Case& c : cases) {
    page_ = {};
    int number = 0;
    for (const auto& [currency, amount] : c.sold) {
      ++number;
      event::Draft sale = Reported(number, number);
      sale.book.currency = currency;
      sale.book.net_amount = Decimal::Parse(amount).value();
      Store(sale);
    }
    for (size_t i = 0; i < c.reported.size(); ++i) {
      event::Draft close = Close(1, number, i == 0 ? number : 0);
      close.book.currency = c.reported[i].first;
      close.book.reported->net_amount = Decimal::Parse(c.reported[i].second).value();
      Store(close);
    }
    EXPECT_EQ(page_.NetText(), c.here);
    EXPECT_EQ(page_.ReportedNetText(), c.there);
    std::string compared;
    for (const NetComparison& net : page_.CompareNet()) {
      compared += net.currency + " " + net.difference()->Text() + "; ";
    }
    EXPECT_EQ(compared, c.compared);
    EXPECT_EQ(page_.Distance(), c.distance);
  }
}

// What an older program wrote has one sum alone.
TEST_F(DayPageTest, APageWithoutCurrenciesGoesOn) {
  event::Draft sale = Reported(1, 1);
  sale.book.net_amount = Decimal::Parse("3.00").value();
  Store(sale);
  EXPECT_EQ(page_.Text().find("nets"), std::string::npos);
  sale = Reported(2, 2);
  sale.book.net_amount = Decimal::Parse("4.00").value();
  sale.book.currency = "EUR";
  Store(sale);
  event::Draft close = Close(1, 2, 2);
  close.book.currency = "EUR";
  close.book.reported->net_amount = Decimal::Parse("7.00").value();
  Store(close);
  EXPECT_EQ(page_.Result(), "balanced");
  EXPECT_EQ(page_.NetText(), "7.00");
  sale = Reported(3, 3);
  sale.book.net_amount = Decimal::Parse("5.00").value();
  sale.book.currency = "CHF";
  Store(sale);
  EXPECT_EQ(page_.Result(), "mismatch");
}

TEST_F(DayPageTest, ACloseWithoutTotalsSaysSo) {
  Sell(1, 3, 0);
  auto close = Close(1, 3, 3);
  close.book.reported = event::PosControl();
  Store(close);
  EXPECT_EQ(page_.Result(), "no_totals");
}

TEST_F(DayPageTest, NumbersThatAreNoDigitsMakeNoGaps) {
  auto sale = Reported(1, 0);
  sale.number = "A-17";
  Store(sale);
  sale.number = "A-19";
  Store(sale);
  EXPECT_EQ(Gaps(), "");
  EXPECT_EQ(page_.events(), 2);
}

TEST(Reconciliation, ADayCloseCarriesTheAgentsOwnFigures) {
  Reconciliation books;
  books.Attach([](const std::string&) { return Result<std::string>(std::string()); });
  const std::string store = "0042", stream = "01JD3V7Q8Z5W6K2M9T4RHXCDEF";
  for (int number : {1, 2, 4}) {
    auto stored = books.Stored(Reported(number, number),
                               {store, stream, static_cast<uint64_t>(number), WallTime{}});
    EXPECT_EQ(stored.value(), "");
  }
  auto closing = books.Stored(Close(1, 4, 4), {store, stream, 9, WallTime{}});
  std::string text = "{" + closing.value() + "}";
  JsonParser parser;
  const JsonValue root = parser.Parse(text).value();
  EXPECT_EQ(root.String("result"), "gaps");
  const JsonValue control = root.Find("agent_control");
  EXPECT_EQ(control.String("first_sequence"), "00000000000000000001");
  EXPECT_EQ(control.String("last_sequence"), "00000000000000000004");
  EXPECT_EQ((*control.Find("gaps").begin()).text(), "3");
}

TEST(Reconciliation, WhatIsRolledBackLeavesNoTrace) {
  Reconciliation books;
  std::map<std::string, std::string> kept;
  books.Attach([&](const std::string& key) { return Result<std::string>(kept[key]); });
  const std::string store = "0042", stream = "S";
  books.Stored(Reported(1, 1), {store, stream, 1, WallTime{}}).value();
  for (const auto& [key, text] : books.Changed()) kept[key] = text;
  books.Committed();
  books.Stored(Reported(2, 2), {store, stream, 2, WallTime{}}).value();
  books.RolledBack();
  EXPECT_TRUE(books.Changed().empty());
  ASSERT_EQ(books.Registers().size(), 1u);
  EXPECT_EQ(books.Registers()[0].sales, 1);
  books.Stored(Reported(3, 3), {store, stream, 2, WallTime{}}).value();
  EXPECT_NE(books.Changed()[0].second.find("\"1,3\""), std::string::npos);
}

}  // namespace
}  // namespace tillrelay::reconcile
