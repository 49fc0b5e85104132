#include "agent/formats/self_check.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/event/turnover.h"
#include "tests/support/golden.h"

namespace tillrelay {
namespace {

using formats::Format;

// A canonical document of two lines; `totals` and the second line's amount as given.
std::string Document(const std::string& kind, const std::string& totals,
                     const std::string& second = R"(,"net_amount":"3.00")",
                     const std::string& action = "sale") {
  return R"({"kind":")" + kind +
         R"(","transaction":{"store_id":"0042","register_id":"03","business_day":"2026-11-21",)"
         R"("transaction_no":"7","end_at":"2026-11-21T17:42:08"},"lines":[)"
         R"({"action":"sale","item":{"sku":"1"},"quantity":"2","uom":"EA","net_amount":"10.00"},)"
         R"({"action":")" +
         action + R"(","item":{"sku":"2"},"quantity":"1","uom":"EA")" + second +
         R"(}],"totals":{)" + totals + "}}";
}

// "reconciled", "unchecked", or the reason of the refusal.
std::string Outcome(const std::string& document) {
  const auto decoded = testing::Decode(Format::kJson, document);
  const auto& outcome = decoded.items.at(0).outcome;
  if (const auto* why = std::get_if<event::Rejection>(&outcome)) return why->reason;
  const auto& flags = std::get<event::Event>(outcome).origin->flags;
  const bool unchecked = std::find(flags.begin(), flags.end(), "unchecked") != flags.end();
  return unchecked ? "unchecked" : "reconciled";
}

TEST(SelfCheck, LinesOfCanonicalDocumentsMustGiveTheTotal) {
  EXPECT_EQ("reconciled", Outcome(Document("sale", R"("grand_amount":"13.00")")));
  EXPECT_EQ("totals-disagree", Outcome(Document("sale", R"("grand_amount":"31.00")")));
  EXPECT_EQ("reconciled", Outcome(Document("sale", R"("grand_amount":"13.02")"))) << "0.01 a line";
  EXPECT_EQ("totals-disagree", Outcome(Document("sale", R"("grand_amount":"13.03")")));
}

TEST(SelfCheck, ReturnsCountAgainstTheTotalHoweverTheyAreSigned) {
  for (const char* amount : {R"(,"net_amount":"3.00")", R"(,"net_amount":"-3.00")"}) {
    EXPECT_EQ("reconciled",
              Outcome(Document("exchange", R"("grand_amount":"7.00")", amount, "return")));
  }
}

TEST(SelfCheck, TaxCountsWhereItIsNotIncluded) {
  EXPECT_EQ("reconciled", Outcome(Document("sale", R"("tax_amount":"1.30","tax_included":false,)"
                                                   R"("grand_amount":"14.30")")));
  EXPECT_EQ("totals-disagree",
            Outcome(Document("sale", R"("tax_amount":"1.30","tax_included":true,)"
                                     R"("grand_amount":"14.30")")));
  for (const char* grand : {"13.00", "14.30"}) {
    EXPECT_EQ("reconciled", Outcome(Document("sale", R"("tax_amount":"1.30","grand_amount":")" +
                                                         std::string(grand) + "\"")));
  }
}

TEST(SelfCheck, DiscountsFeesAndRoundingOfTheWholeCount) {
  EXPECT_EQ("reconciled",
            Outcome(Document("sale", R"("discount_amount":"1.00","fee_amount":"0.25",)"
                                     R"("rounding_amount":"-0.25","grand_amount":"12.00")")));
}

TEST(SelfCheck, PostVoidsAgreeWithEitherSign) {
  for (const char* grand : {"13.00", "-13.00"}) {
    EXPECT_EQ("reconciled", Outcome(Document("transaction_voided",
                                             R"("grand_amount":")" + std::string(grand) + "\"")));
  }
  EXPECT_EQ("totals-disagree", Outcome(Document("sale", R"("grand_amount":"-13.00")")));
}

// What takes back as a whole: all totals as the original's, negated, or (a return) without signs.
TEST(SelfCheck, WhatTakesBackMayTellItsTotalsWithEitherSign) {
  const std::string second = R"(,"net_amount":"3.00")";
  for (const char* sign : {"", "-"}) {
    const auto totals = [sign](const std::string& more, const std::string& grand) {
      std::string text = R"("tax_amount":"-1.30","tax_included":false,)" + more +
                         R"("grand_amount":"-)" + grand + '"';
      for (size_t at; *sign == 0 && (at = text.find("\"-")) != std::string::npos;) {
        text.erase(at + 1, 1);
      }
      return text;
    };
    for (const char* kind : {"transaction_voided", "return"}) {
      for (const char* action : {"sale", "return"}) {
        if (kind == std::string("return") && action == std::string("sale")) continue;
        std::string document = Document(kind, totals("", "14.30"), second, action);
        const size_t first = document.find(R"("action":"sale")");
        if (action == std::string("return")) document.replace(first, 15, R"("action":"return")");
        EXPECT_EQ("reconciled", Outcome(document)) << document;
        std::string lower =
            Document(kind, totals(R"("discount_amount":"1.00","fee_amount":"-0.50",)", "13.80"),
                     second, action);
        if (action == std::string("return")) lower.replace(first, 15, R"("action":"return")");
        EXPECT_EQ("reconciled", Outcome(lower)) << lower;
        document.replace(document.find("14.30"), 5, "41.30");
        EXPECT_EQ("totals-disagree", Outcome(document)) << document;
      }
    }
  }
}

// Whoever pays out more than is bought may tell it without signs: then all of it counts negated.
TEST(SelfCheck, AnExchangeThatPaysOutMayLackItsSigns) {
  const auto exchange = [](const std::string& totals, const std::string& back) {
    return Document("exchange", totals, R"(,"net_amount":")" + back + '"', "return");
  };
  const std::string on_top = R"("tax_amount":"3.80","tax_included":false,)";
  for (const std::string sign : {"", "-"}) {
    EXPECT_EQ("reconciled", Outcome(exchange(R"("grand_amount":")" + sign + R"(20.00")", "30.00")));
  }
  const std::string unsigned_tax = exchange(on_top + R"("grand_amount":"23.80")", "30.00");
  EXPECT_EQ("reconciled", Outcome(unsigned_tax));
  const auto decoded = testing::Decode(Format::kJson, unsigned_tax);
  const auto& event = std::get<event::Event>(decoded.items.at(0).outcome);
  EXPECT_EQ(event::TurnoverOf(event).Decide(),
            (event::Turnover::Turns{true, true, true, true, true}));
  EXPECT_EQ("totals-disagree", Outcome(exchange(R"("grand_amount":"21.00")", "30.00")));
  EXPECT_EQ("totals-disagree", Outcome(exchange(R"("grand_amount":"-7.00")", "3.00")))
      << "what is paid in has no minus";
}

TEST(SelfCheck, APostVoidMayTellItsLinesNegated) {
  std::string document = Document("transaction_voided", R"("grand_amount":"-7.00")",
                                  R"(,"net_amount":"-3.00")", "return");
  document.replace(document.find("10.00"), 5, "-10.00");
  EXPECT_EQ("reconciled", Outcome(document));
  document.replace(document.find("-7.00"), 5, "-5.00");
  EXPECT_EQ("totals-disagree", Outcome(document));
}

TEST(SelfCheck, WhatCannotBeCheckedSaysSo) {
  EXPECT_EQ("unchecked", Outcome(Document("sale", "")));
  EXPECT_EQ("unchecked", Outcome(Document("sale", R"("grand_amount":"10.00")", "")));
}

TEST(SelfCheck, SumsBeyondTheLimitsNeverAgree) {
  formats::Sums sums;
  sums.line_count = 1;
  const Decimal most = Decimal::FromMicros(Decimal::kMaxMicros);
  sums.lines.Add(most);
  sums.lines.Add(most);
  sums.grand = most;
  std::optional<bool> included;
  EXPECT_TRUE(formats::SelfCheck(sums, formats::TaxRule::kAsTotalsSay, "total", &included));
}

}  // namespace
}  // namespace tillrelay
