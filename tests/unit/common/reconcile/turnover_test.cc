#include "common/event/turnover.h"

#include <gtest/gtest.h>

#include <vector>

#include "common/base/json_reader.h"
#include "common/event/draft.h"
#include "common/reconcile/stored_day.h"

namespace tillrelay::event {
namespace {

struct TestLine {
  std::string action, net;
};
struct Case {
  std::string what;
  Kind kind;
  std::vector<TestLine> lines;
  std::string told, counts;
  bool undecided = false;
};

const Case kCases[] = {
    {"a sale", Kind::kSale, {{"sale", "5"}}, "5", "5"},
    {"a sale that pays out", Kind::kSale, {{"sale", "5"}, {"deposit_return", "7"}}, "-2", "-2"},
    {"an exchange as told", Kind::kExchange, {{"return", "5"}, {"sale", "3"}}, "-2", "-2"},
    {"a return as the sale was", Kind::kReturn, {{"return", "5"}}, "5", "-5"},
    {"a return negated", Kind::kReturn, {{"return", "5"}}, "-5", "-5"},
    {"a return that sells too", Kind::kReturn, {{"return", "2"}, {"sale", "5"}}, "3", "3"},
    {"a post-void as the sale was", Kind::kTransactionVoided, {{"sale", "5"}}, "5", "-5"},
    {"a post-void negated", Kind::kTransactionVoided, {{"sale", "5"}}, "-5", "-5"},
    {"a post-void of lines without amounts", Kind::kTransactionVoided, {{"sale", ""}}, "5", "-5"},
    {"a post-void of a return as it was", Kind::kTransactionVoided, {{"return", "5"}}, "-5", "5"},
    {"a post-void of a return negated", Kind::kTransactionVoided, {{"return", "5"}}, "5", "5"},
    {"a post-void of an exchange as it was",
     Kind::kTransactionVoided,
     {{"return", "5"}, {"sale", "8"}},
     "3",
     "-3"},
    {"a post-void of an exchange that paid out",
     Kind::kTransactionVoided,
     {{"return", "8"}, {"sale", "5"}},
     "-3",
     "3"},
    {"voided lines do not count",
     Kind::kTransactionVoided,
     {{"sale", "5"}, {"void", "9"}},
     "5",
     "-5"},
    {"what the lines do not decide",
     Kind::kTransactionVoided,
     {{"return", ""}, {"sale", "5"}},
     "3",
     "3",
     true},
    {"what only one of them can have cost",
     Kind::kTransactionVoided,
     {{"return", ""}, {"sale", "5"}},
     "20",
     "20"},
    {"a post-void told with the original's sign of a return that nobody priced",
     Kind::kTransactionVoided,
     {{"return", ""}, {"sale", "5"}},
     "-20",
     "20"},
    {"an exchange that pays out, without signs",
     Kind::kExchange,
     {{"return", "5"}, {"sale", "3"}},
     "2",
     "-2"},
    {"an exchange without signs of amounts that are no sum of its lines",
     Kind::kExchange,
     {{"return", "5"}, {"sale", "3"}},
     "0.50",
     "0.50"},
    {"an exchange whose lines do not tell",
     Kind::kExchange,
     {{"return", ""}, {"sale", "3"}},
     "2",
     "2"},
    {"an exchange that pays out more than a line can have cost that tells nothing",
     Kind::kExchange,
     {{"return", ""}, {"sale", "3"}},
     "20",
     "-20"},
    {"an exchange that takes in more than the lines that tell",
     Kind::kExchange,
     {{"return", "3"}, {"sale", ""}},
     "20",
     "20"},
    {"a deposit that is paid out, without signs",
     Kind::kSale,
     {{"sale", "5"}, {"deposit_return", "7"}},
     "2",
     "-2"},
    {"a coupon in a post-void as it was",
     Kind::kTransactionVoided,
     {{"sale", "5"}, {"sale", "-2"}},
     "3",
     "-3"},
    {"a coupon that pays out, as it was",
     Kind::kTransactionVoided,
     {{"sale", "5"}, {"sale", "-7"}},
     "-2",
     "2"},
    {"nothing", Kind::kTransactionVoided, {{"sale", "0"}}, "0", "0"},
};

Event EventOf(const Case& c) {
  Event event;
  event.kind = c.kind;
  auto& t = event.transaction.emplace();
  t.store_id = "0042";
  t.register_id = "03";
  t.business_day = "2026-11-21";
  t.transaction_no = "7";
  t.end_at = "2026-11-21T12:00:00";
  if (c.kind == Kind::kTransactionVoided) event.voids.emplace().transaction_no = "6";
  event.totals.emplace().net_amount = Decimal::Parse(c.told).value();
  for (const TestLine& from : c.lines) {
    Line& line = event.lines.emplace_back();
    line.action = from.action;
    line.item.sku = "apple";
    line.uom = "EA";
    line.quantity = Decimal::FromInt(1);
    line.non_stock = from.action == "sale" && from.net.starts_with('-');
    if (!from.net.empty()) line.net_amount = Decimal::Parse(from.net).value();
  }
  return event;
}

TEST(Turnover, WhatTakesBackIsNegativeWhateverItsSign) {
  for (const Case& c : kCases) {
    const Event event = EventOf(c);
    const Turnover turnover = TurnoverOf(event);
    EXPECT_EQ(Counted(event.totals->net_amount, turnover.Decide().net)->Text(), c.counts) << c.what;
    EXPECT_EQ(turnover.Undecided(), c.undecided) << c.what;
  }
}

// Lines that tell no price, or the same on both sides: then the taxes of each show which way it
// goes.
TEST(Turnover, TaxesOfLinesShowTheDirectionWhereTheirAmountsDoNot) {
  const auto amount = [](const char* text) { return Decimal::Parse(text).value(); };
  for (const Kind kind : {Kind::kExchange, Kind::kTransactionVoided}) {
    for (const char* price : {"", "50"}) {
      Event event = EventOf({"", kind, {{"return", price}, {"sale", price}}, "0", ""});
      event.totals->grand_amount = amount("6");
      event.totals->tax_amount = amount("6");
      event.totals->tax_included = false;
      event.tenders.push_back({"cash", amount("6")});
      const auto tax_of = [&amount](const char* rate, const char* of) {
        Tax tax;
        tax.rate = amount(rate);
        tax.amount = amount(of);
        return tax;
      };
      event.lines[0].taxes = {tax_of("19", "9.50")};
      event.lines[1].taxes = {tax_of("7", "3.50")};
      event.taxes = {tax_of("19", "9.50"), tax_of("7", "-3.50")};
      const bool turns = kind == Kind::kExchange;  // paid out without a sign; taken back: paid in
      const Turnover::Turns all = TurnoverOf(event).Decide();
      EXPECT_EQ(all.grand, turns) << price;
      EXPECT_EQ(all.tenders, turns) << price;
      EXPECT_EQ(all.taxes, turns) << price;
      EXPECT_EQ(all.tax, turns) << price;
    }
  }
}

// The taxes add up to their total, whichever of the two is told with another sign.
TEST(Turnover, TaxesCountAsTheirTotalDoes) {
  const auto amount = [](const char* text) { return Decimal::Parse(text).value(); };
  for (const char* total : {"3.19", "-3.19"}) {
    for (const char* each : {"3.19", "-3.19"}) {
      for (const char* grand : {"20", "-20"}) {
        Event event =
            EventOf({"", Kind::kTransactionVoided, {{"return", "10"}, {"sale", "30"}}, grand, ""});
        event.totals->net_amount = std::nullopt;
        event.totals->grand_amount = amount(grand);
        event.totals->tax_amount = amount(total);
        event.totals->tax_included = true;
        event.taxes.emplace_back().amount = amount(each);
        const Turnover::Turns turns = TurnoverOf(event).Decide();
        EXPECT_EQ(Counted(event.totals->tax_amount, turns.tax),
                  Counted(event.taxes[0].amount, turns.taxes))
            << total << " " << each << " " << grand;
        EXPECT_EQ(Counted(event.totals->grand_amount, turns.grand), amount("-20"));
      }
    }
  }
}

// A fee outweighs the goods, a tax goes the other way: the three amounts that add up say it.
TEST(Turnover, NetTaxAndTotalThatAddUpAreTurnedTogether) {
  struct Told {
    Kind kind;
    const char *back, *sold, *fee, *grand, *net, *tax, *counts;
  };
  const Told told[] = {
      {Kind::kExchange, "23", "20", "4.95", "1.95", "2.43", "-0.48", "1.95 2.43 -0.48"},
      {Kind::kExchange, "50", "60", "3.20", "13.20", "11.60", "1.60", "13.2 11.6 1.6"},
      {Kind::kExchange, "30", "20", "4.95", "5.05", "3.45", "1.60", "-5.05 -3.45 -1.6"},
      {Kind::kExchange, "26.60", "26.22", "0", "0.38", "-2.15", "2.53", "-0.38 2.15 -2.53"},
      {Kind::kExchange, "5", "5.38", "0", "0.38", "-2.15", "2.53", "0.38 -2.15 2.53"},
      {Kind::kTransactionVoided, "23", "20", "4.95", "1.95", "2.43", "-0.48", "-1.95 -2.43 0.48"},
      {Kind::kTransactionVoided, "23", "20", "-4.95", "-1.95", "-2.43", "0.48", "-1.95 -2.43 0.48"},
      {Kind::kTransactionVoided, "23", "20", "4.95", "1.95", "2.43", "0.48", "undecided"},
  };
  const auto amount = [](const char* text) { return Decimal::Parse(text).value(); };
  for (const Told& t : told) {
    Event event = EventOf({"", t.kind, {{"return", t.back}, {"sale", t.sold}}, t.net, ""});
    event.totals->grand_amount = amount(t.grand);
    event.totals->tax_amount = amount(t.tax);
    event.totals->fee_amount = amount(t.fee);
    event.totals->tax_included = true;
    const Turnover turnover = TurnoverOf(event);
    const Turnover::Turns turns = turnover.Decide();
    const std::string counts = Counted(event.totals->grand_amount, turns.grand)->Shortest() + " " +
                               Counted(event.totals->net_amount, turns.net)->Shortest() + " " +
                               Counted(event.totals->tax_amount, turns.tax)->Shortest();
    EXPECT_EQ(turnover.Undecided() ? "undecided" : counts, t.counts) << t.grand << " " << t.net;
  }
}

// Of a store that sends anything.
TEST(Turnover, ALargeDocumentIsReadInOneWalk) {
  std::string data = R"({"lines":[{"action":"sale"},{"action":"return"}],"tenders":[)";
  for (int i = 0; i < 200'000; ++i) {
    data += (i == 0 ? "" : ",") + std::string(R"({"type":")") + std::to_string(i) +
            R"(","amount":"1"})";
  }
  data += "]}";
  JsonParser parser;
  const Turnover turnover = TurnoverOf(Kind::kTransactionVoided, parser.Parse(data).value());
  EXPECT_TRUE(turnover.Undecided());
  EXPECT_FALSE(turnover.Decide().tenders);
}

// The books of the store, and head office from what was stored.
TEST(Turnover, BothEndsCountAlike) {
  const Shop shop{"0042", {}, StoreZone::Load("Europe/Berlin").value()};
  for (const Case& c : kCases) {
    auto made = MakeDraft(EventOf(c), shop);
    ASSERT_TRUE(std::holds_alternative<Draft>(made)) << c.what << std::get<Rejection>(made).field;
    Draft& draft = std::get<Draft>(made);
    EXPECT_EQ(draft.book.net_amount->Text(), c.counts) << c.what;
    JsonParser parser;
    const auto data = parser.Parse(draft.data);
    ASSERT_TRUE(data.ok());
    const auto read = reconcile::ReadDocument(KindWord(c.kind), "2026-11-21T11:00:00Z", *data);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->book.net_amount->Text(), c.counts) << c.what;
  }
}

}  // namespace
}  // namespace tillrelay::event
