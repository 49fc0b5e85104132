// Claims about what may travel: texts, numbers and times at their edges, and times ahead.
#include "common/event/bounds.h"

#include <gtest/gtest.h>

#include "common/event/draft.h"
#include "tests/support/drafts.h"

namespace tillrelay::event {
namespace {

using testing::Sale;
using testing::TestShop;

std::string Outcome(Event event, const Horizon& horizon = {}) {
  auto made = DraftFrom(&event, TestShop(), horizon);
  if (const auto* rejection = std::get_if<Rejection>(&made)) {
    return rejection->reason + " " + rejection->field;
  }
  std::string flags;
  for (const std::string& flag : event.origin->flags) flags += flag + " ";
  return flags;
}

TEST(Bounds, AnIdentifierIsShortAndHasNoControlCharacters) {
  EXPECT_EQ(FaultOfId(std::string(128, 'x')), "");
  EXPECT_NE(FaultOfId(std::string(129, 'x')), "");
  EXPECT_EQ(FaultOfId("Äpfel 1\xc2\xa0kg"), "");  // a no-break space is no control character
  for (const std::string& bad :
       {std::string("a\0", 2), std::string("\n"), std::string("\x1f"), std::string("\x7f"),
        std::string("\xc2\x80"), std::string("\xc2\x9f"), std::string("\xff"),
        std::string("\xed\xa0\x80")}) {
    EXPECT_NE(FaultOfId(bad), "") << bad;
  }
}

TEST(Bounds, FreeTextIsCleanedAndNotRefused) {
  Event sale = Sale("03", 1);
  sale.lines[0].item.description = std::string("a\0b\x1f\xc2\x85z\xff", 8);
  sale.ext = {{"note", "x\ty"}};
  EXPECT_TRUE(CleanTexts(&sale));
  EXPECT_EQ(sale.lines[0].item.description, "a b  z?");
  EXPECT_EQ(sale.ext[0].second, "x y");
  EXPECT_FALSE(CleanTexts(&sale));
  EXPECT_EQ(Outcome(sale), "");
}

TEST(Bounds, WhoeverDoesNotCleanIsRefusedByName) {
  Event sale = Sale("03", 1);
  sale.lines[0].item.description = "a\tb";
  EXPECT_EQ(Outcome(sale), "bad-value lines[0].item.description");
  sale = Sale("03", 1);
  sale.lines[0].item.sku = std::string(9000, 'x');
  EXPECT_EQ(Outcome(sale), "bad-value lines[0].item.sku");
  sale = Sale("03", 1);
  sale.lines[0].serials = {"1", "a\nb"};
  EXPECT_EQ(Outcome(sale), "bad-value lines[0].serials");
}

TEST(Bounds, NoListIsEndless) {
  Event sale = Sale("03", 1);
  sale.tenders.resize(kMaxParts);
  EXPECT_EQ(Outcome(sale), "");
  sale.tenders.resize(kMaxParts + 1);
  EXPECT_EQ(Outcome(sale), "bad-value tenders");
  sale = Sale("03", 1);
  sale.lines[0].serials.assign(kMaxSerials, "1");
  EXPECT_EQ(Outcome(sale), "");
  sale.lines.push_back(sale.lines[0]);
  sale.lines[1].serials = {"1"};
  EXPECT_EQ(Outcome(sale), "bad-value lines[1].serials");
}

TEST(Bounds, AQuantityKeepsSumsExact) {
  EXPECT_EQ(Outcome(Sale("03", 1, "1000000000")), "");
  EXPECT_EQ(Outcome(Sale("03", 1, "1000000000.000001")), "bad-value lines[0].quantity");
  Event sale = Sale("03", 1);
  sale.totals.emplace().net_amount = Decimal::FromInt(4'000'000'000'000);
  EXPECT_EQ(Outcome(sale), "");
}

TEST(Bounds, TheYearIsThatOfTheStoresClock) {
  const auto at = [](const std::string& time) {
    Event sale = Sale("03", 1);
    sale.transaction->end_at = time;
    return Outcome(sale);
  };
  const std::string refused = "bad-value transaction.end_at";
  EXPECT_EQ(at("9999-12-31T23:59:59.9999999Z"), refused);
  EXPECT_EQ(at("0000-01-01T00:00:00+14:00"), refused);
  EXPECT_EQ(at("1989-12-31T22:59:59Z"), refused);
  EXPECT_EQ(at("1989-12-31T23:00:00Z"), "");  // 1990 in Berlin
  EXPECT_EQ(at("1989-12-31T23:59:59"), refused);
  EXPECT_EQ(at("2199-12-31T22:59:59Z"), "");
  EXPECT_EQ(at("2199-12-31T23:00:00Z"), refused);
  Event sale = Sale("03", 1);
  sale.transaction->business_day = "1989-12-31";
  EXPECT_EQ(Outcome(sale), "bad-value transaction.business_day");
  sale = Sale("03", 1);
  sale.transaction->begin_at = "0000-01-01T00:00:00Z";
  EXPECT_EQ(Outcome(sale), "bad-value transaction.begin_at");
}

TEST(Bounds, ATimeAheadIsRefusedOnlyByATrustedClock) {
  const int64_t end = 1'795'279'328;  // 2026-11-21T17:42:08+01:00
  EXPECT_EQ(Outcome(Sale("03", 1), {end, true}), "");
  EXPECT_EQ(Outcome(Sale("03", 1), {end - 1, true}), "implausible-time transaction.end_at");
  EXPECT_EQ(Outcome(Sale("03", 1), {end - 1, false}), "time_ahead ");
  Event sale = Sale("03", 1);
  sale.transaction->begin_at = "2026-11-22T17:42:08+01:00";  // says nothing about when it was sold
  EXPECT_EQ(Outcome(sale, {end, true}), "");
}

}  // namespace
}  // namespace tillrelay::event
