#include "agent/admin/day_sheet.h"

#include <gtest/gtest.h>

namespace tillrelay::admin {
namespace {

DayEvent Event(uint64_t position, const std::string& kind, const std::string& data) {
  return {position,
          "id-" + std::to_string(position),
          kind,
          "register/3/2026-11-21/" + std::to_string(position),
          WallTime(std::chrono::seconds(1)),
          data};
}

TEST(DaySheet, TotalsByKindAndTenderAreExact) {
  DayTally tally;
  tally.Add(
      Event(1, "sale",
            R"({"currency":"EUR","totals":{"net_amount":"0.10"},)"
            R"("tenders":[{"type":"cash","amount":"0.1"},{"type":"card","amount":"0.02"}]})"));
  tally.Add(Event(2, "sale",
                  R"({"currency":"EUR","totals":{"net_amount":"0.20"},)"
                  R"("tenders":[{"type":"cash","amount":"0.24"},)"
                  R"({"type":"cash","amount":"5","currency":"CHF"}]})"));
  tally.Add(Event(3, "return", R"({"totals":{"net_amount":"-0.30"}})"));
  tally.Add(Event(4, "stock_counted", "{\"lines\":"));
  DaySheet sheet;
  tally.Fill(&sheet);
  ASSERT_EQ(sheet.kinds.size(), 3u);
  EXPECT_EQ(sheet.kinds[0].kind, "return");
  EXPECT_EQ(sheet.kinds[0].net_amount, "-0.30");
  EXPECT_EQ(sheet.kinds[1].documents, 2);
  EXPECT_EQ(sheet.kinds[1].net_amount, "0.30");
  EXPECT_EQ(sheet.kinds[2].net_amount, "");  // cannot be read: counted, nothing made up
  ASSERT_EQ(sheet.tenders.size(), 3u);
  EXPECT_EQ(sheet.tenders[0].type + sheet.tenders[0].currency + sheet.tenders[0].amount,
            "cardEUR0.02");
  EXPECT_EQ(sheet.tenders[1].currency + sheet.tenders[1].amount, "CHF5");
  EXPECT_EQ(sheet.tenders[2].amount, "0.34");
  EXPECT_EQ(sheet.tenders[2].payments, 2);
}

// Whatever signs the register gives what it takes back.
TEST(DaySheet, WhatTakesBackIsTakenOff) {
  for (const std::string sign : {"", "-"}) {
    DayTally tally;
    const std::string amounts = R"("currency":"EUR","totals":{"net_amount":")" + sign +
                                R"(4"},"tenders":[{"type":"cash","amount":")" + sign + R"(5"}]})";
    tally.Add(Event(1, "transaction_voided", R"({"lines":[{"net_amount":"4"}],)" + amounts));
    tally.Add(Event(2, "return", R"({"lines":[{"action":"return"}],)" + amounts));
    DaySheet sheet;
    tally.Fill(&sheet);
    ASSERT_EQ(sheet.kinds.size(), 2u);
    EXPECT_EQ(sheet.kinds[0].net_amount, "-4") << sheet.kinds[0].kind;
    EXPECT_EQ(sheet.kinds[1].net_amount, "-4") << sheet.kinds[1].kind;
    ASSERT_EQ(sheet.tenders.size(), 1u);
    EXPECT_EQ(sheet.tenders[0].amount, "-10");
  }
}

TEST(DaySheet, EachCurrencyHasASumOfItsOwn) {
  DayTally tally;
  for (const char* currency : {"EUR", "CHF", "EUR"}) {
    tally.Add(
        Event(1, "sale",
              std::string(R"({"currency":")") + currency + R"(","totals":{"net_amount":"2"}})"));
  }
  DaySheet sheet;
  tally.Fill(&sheet);
  std::string text;
  for (const KindTotal& total : sheet.kinds) {
    text += total.kind + " " + std::to_string(total.documents) + " " + total.net_amount + " " +
            total.currency + "; ";
  }
  EXPECT_EQ(text, "sale 1 2 CHF; sale 2 4 EUR; ");
}

TEST(DaySheet, LateIsWhatCameBehindTheLastClose) {
  DayTally tally;  // the order in which they are found does not matter
  for (const uint64_t position : {uint64_t{9}, uint64_t{4}, uint64_t{1}})
    tally.Add(Event(position, "sale", "{}"));
  for (const uint64_t position : {uint64_t{2}, uint64_t{7}})
    tally.Add(Event(position, "day_closed", "{}"));
  DaySheet sheet;
  tally.Fill(&sheet);
  ASSERT_EQ(sheet.late.size(), 1u);
  EXPECT_EQ(sheet.late[0].id, "id-9");
  DayTally open;
  open.Add(Event(1, "sale", "{}"));
  DaySheet none;
  open.Fill(&none);
  EXPECT_TRUE(none.late.empty());
}

// A register that was off line sends its whole day behind the close.
TEST(DaySheet, EveryLateOneIsNamed) {
  DayTally tally;
  tally.Add(Event(1, "day_closed", "{}"));
  for (uint64_t i = 0; i < 2'000; ++i) tally.Add(Event(10 + i, "sale", "{}"));
  DaySheet sheet;
  tally.Fill(&sheet);
  ASSERT_EQ(sheet.late.size(), 2'000u);
  EXPECT_EQ(sheet.late.back().id, "id-2009");
}

TEST(DaySheet, ADifferenceNeedsBothNumbers) {
  EXPECT_EQ(DifferenceOf("10.00", "12.50"), "-2.50");
  EXPECT_EQ(DifferenceOf("3", "3"), "0");
  EXPECT_EQ(DifferenceOf("", "3"), "");
  EXPECT_EQ(DifferenceOf("3", "many"), "");
}

}  // namespace
}  // namespace tillrelay::admin
