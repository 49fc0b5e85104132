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
     "3"},
    {"nothing", Kind::kTransactionVoided, {{"sale", "0"}}, "0", "0"},
};

Turnover TurnoverOf(const Case& c) {
  Turnover turnover(c.kind);
  for (const TestLine& line : c.lines) {
    turnover.AddLine(line.action, line.net.empty()
                                      ? std::nullopt
                                      : std::optional(Decimal::Parse(line.net).value()));
  }
  return turnover;
}

TEST(Turnover, WhatTakesBackIsNegativeWhateverItsSign) {
  for (const Case& c : kCases) {
    EXPECT_EQ(TurnoverOf(c).Counted(Decimal::Parse(c.told).value())->Text(), c.counts) << c.what;
  }
}

// The books of the store, and head office from what was stored.
TEST(Turnover, BothEndsCountAlike) {
  const Shop shop{"0042", {}, StoreZone::Load("Europe/Berlin").value()};
  for (const Case& c : kCases) {
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
      if (!from.net.empty()) line.net_amount = Decimal::Parse(from.net).value();
    }
    auto made = MakeDraft(std::move(event), shop);
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
