// The 51 transactions of a real fifteen minutes in an American supermarket (NCR ACS). The
// expectations here were worked out from the document itself, not by the mapper.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "common/event/stock_effect.h"
#include "tests/support/golden.h"

namespace tillrelay {
namespace {

using event::Kind;
using formats::Format;

const std::vector<event::Event>& Receipts() {
  static const std::vector<event::Event> events = [] {
    std::vector<event::Event> all;
    auto decoded =
        testing::Decode(Format::kPosLog, testing::ReadGolden("poslog/ncr-acs/POSLog.xml"));
    EXPECT_FALSE(decoded.error);
    for (auto& item : decoded.items) {
      if (const auto* refused = std::get_if<event::Rejection>(&item.outcome)) {
        ADD_FAILURE() << testing::Told(*refused);
      } else {
        all.push_back(std::get<event::Event>(std::move(item.outcome)));
      }
    }
    return all;
  }();
  return events;
}

const event::Event& Receipt(const std::string& register_id, const std::string& number) {
  for (const event::Event& event : Receipts()) {
    if (event.transaction->register_id == register_id &&
        event.transaction->transaction_no == number) {
      return event;
    }
  }
  ADD_FAILURE() << "no receipt " << register_id << "/" << number;
  return Receipts().front();
}

int64_t Signed(const event::Line& line, const std::optional<Decimal>& value) {
  return line.action == "sale" ? value->micros() : -value->micros();
}

TEST(NcrAcs, FortyTwoReceiptsReconcileAndNineFillersRemain) {
  size_t receipts = 0, fillers = 0;
  for (const event::Event& event : Receipts()) {
    if (event.kind == Kind::kRegisterControl) {
      EXPECT_EQ("control", event.transaction->status);
      EXPECT_TRUE(event.lines.empty());
      ++fillers;
      continue;
    }
    ++receipts;
    ASSERT_TRUE(event.totals && event.totals->grand_amount && event.totals->tax_amount);
    // Every reward of this document names its line, so that nothing is left for the whole.
    int64_t sum = event.totals->tax_amount->micros();
    for (const event::Line& line : event.lines) sum += Signed(line, line.net_amount);
    EXPECT_EQ(event.totals->grand_amount->micros(), sum) << event.transaction->transaction_no;
    EXPECT_EQ(false, event.totals->tax_included);
    EXPECT_EQ("poslog-2.1/ncr-acs", event.origin->dialect);
  }
  EXPECT_EQ(42u, receipts);
  EXPECT_EQ(9u, fillers);
}

TEST(NcrAcs, TendersPayTheGrandTotal) {
  for (const event::Event& event : Receipts()) {
    if (event.kind == Kind::kRegisterControl) continue;
    int64_t paid = 0;
    for (const event::Tender& tender : event.tenders) {
      EXPECT_TRUE(tender.type == "cash" || tender.type == "card") << tender.type;
      paid += tender.amount->micros();
    }
    EXPECT_EQ(event.totals->grand_amount->micros(), paid) << event.transaction->transaction_no;
  }
}

// Summed by another program over the raw document: all Sale quantities with their own signs, by
// unit, without the one bottle refund. A contra line sums to what netting leaves.
TEST(NcrAcs, StockMovesByTheSignedSumOfTheDocument) {
  std::map<std::string, int64_t> moved;
  for (const event::Event& event : Receipts()) {
    auto draft = event::MakeDraft(event, testing::GoldenShop());
    ASSERT_TRUE(std::holds_alternative<event::Draft>(draft))
        << testing::Told(std::get<event::Rejection>(draft));
    event::Event ruled = event;
    ASSERT_FALSE(event::ApplyStockRule(&ruled));
    for (const event::Line& line : ruled.lines) {
      EXPECT_FALSE(line.quantity->negative());
      for (const auto& effect : line.stock_effect) {
        EXPECT_EQ("on_hand", effect.bucket);
        moved[line.uom] += effect.delta->micros();
      }
    }
  }
  EXPECT_EQ((std::map<std::string, int64_t>{{"EA", -469'000'000}, {"LBR", -182'150'000}}), moved);
}

TEST(NcrAcs, ContraLineLeavesWithTheLineItTakesBack) {
  const event::Event& receipt = Receipt("1", "376");
  ASSERT_TRUE(receipt.audit);
  EXPECT_EQ(1, receipt.audit->voided_line_count);
  EXPECT_EQ("2.79", receipt.audit->voided_amount->Text());
  int left = 0;
  for (const event::Line& line : receipt.lines) left += line.item.sku == "00021908501406" ? 1 : 0;
  EXPECT_EQ(2, left) << "three were scanned, one was taken back";
}

TEST(NcrAcs, BottleRefundIsADepositAndMovesNoStock) {
  event::Event receipt = Receipt("34", "101");
  ASSERT_FALSE(event::ApplyStockRule(&receipt));
  const event::Line& bottle = receipt.lines.front();
  EXPECT_EQ("deposit_return", bottle.action);
  EXPECT_EQ("1", bottle.quantity->Text());
  EXPECT_EQ("2.00", bottle.net_amount->Text());
  EXPECT_TRUE(bottle.stock_effect.empty());
  EXPECT_EQ(Kind::kSale, receipt.kind);
}

TEST(NcrAcs, RewardsLowerTheLinesThatTheyName) {
  const event::Event& receipt = Receipt("1", "377");
  int64_t off = 0;
  for (const event::Line& line : receipt.lines) {
    off += line.discount_amount->micros();
    EXPECT_EQ(line.extended_amount->micros() - line.discount_amount->micros(),
              line.net_amount->micros());
  }
  EXPECT_EQ(22'260'000, off);
  EXPECT_EQ("200.38", receipt.totals->net_amount->Text());
}

TEST(NcrAcs, ElevenReceiptsReconcileOnlyWithTheirRewards) {
  std::string document = testing::ReadGolden("poslog/ncr-acs/POSLog.xml");
  for (size_t at = 0; (at = document.find("LoyaltyReward", at)) != std::string::npos; ++at) {
    document[at] = 'X';
  }
  size_t disagree = 0;
  for (const auto& item : testing::Decode(Format::kPosLog, document).items) {
    const auto* refused = std::get_if<event::Rejection>(&item.outcome);
    if (refused == nullptr) continue;
    EXPECT_EQ("totals-disagree", refused->reason);
    ++disagree;
  }
  EXPECT_EQ(11u, disagree);
}

TEST(NcrAcs, PluNumbersStaySkusAndGtinsAreNormalised) {
  const auto& lines = Receipt("1", "376").lines;
  std::set<std::string> gtins;
  for (const event::Line& line : lines) {
    EXPECT_EQ(14u, line.item.sku.size());
    const bool plu = line.item.sku.starts_with("000000000");
    EXPECT_TRUE(!plu || line.item.gtin.empty()) << line.item.sku;
    if (!line.item.gtin.empty()) gtins.insert(line.item.gtin);
  }
  EXPECT_TRUE(gtins.contains("00021908501406"));
}

TEST(NcrAcs, ResumedBasketNamesTheParkedOne) {
  const event::Event& receipt = Receipt("31", "114");
  ASSERT_EQ(1u, receipt.ext.size());
  EXPECT_EQ("resumed_from", receipt.ext[0].first);
  EXPECT_EQ("register/32/2017-10-01/111", receipt.ext[0].second);
}

TEST(NcrAcs, NothingOfPeopleOrCardsIsKept) {
  for (const event::Event& event : Receipts()) {
    auto draft = event::MakeDraft(event, testing::GoldenShop());
    const std::string& data = std::get<event::Draft>(draft).data;
    for (const char* secret :
         {"OPERATOR", "FL 3", "734277", "900000099", "1980-01-01", "Debit", "Membership", "svg"}) {
      EXPECT_EQ(std::string::npos, data.find(secret)) << secret;
    }
    EXPECT_EQ("", event.transaction->operator_ref);
  }
}

TEST(NcrAcs, ElementOrderDoesNotMatter) {
  const std::string small = testing::ReadGolden("poslog/ncr-acs/SMALL.xml");
  std::string moved = small;
  const std::string day = "<BusinessDayDate>2017-09-30</BusinessDayDate>";
  const size_t at = moved.rfind(day);
  ASSERT_NE(std::string::npos, at);
  moved.erase(at, day.size());
  moved.insert(moved.rfind("</Transaction>"), day);
  EXPECT_EQ(testing::Render(testing::Decode(Format::kPosLog, small)),
            testing::Render(testing::Decode(Format::kPosLog, moved)));
}

}  // namespace
}  // namespace tillrelay
