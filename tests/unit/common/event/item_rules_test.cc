#include "common/event/item_rules.h"

#include <gtest/gtest.h>

#include "common/event/draft.h"

namespace tillrelay::event {
namespace {

Shop ShopOf(std::vector<std::string> non_stock) {
  return {"0042", {}, StoreZone::Load("Europe/Berlin").value(), std::move(non_stock)};
}

Event Sale(const std::string& sku, const std::string& gtin = "") {
  Event event;
  event.transaction.emplace();
  event.transaction->store_id = "0042";
  event.transaction->register_id = "03";
  event.transaction->business_day = "2026-11-21";
  event.transaction->transaction_no = "1";
  event.transaction->end_at = "2026-11-21T17:42:08+01:00";
  Line& line = event.lines.emplace_back();
  line.item.sku = sku;
  line.item.gtin = gtin;
  line.quantity = Decimal::FromInt(2);
  line.uom = "EA";
  return event;
}

size_t Effects(Event event, const Shop& shop) {
  EXPECT_TRUE(std::holds_alternative<Draft>(DraftFrom(&event, shop)));
  EXPECT_EQ(1u, event.lines.size());
  return event.lines[0].stock_effect.size();
}

TEST(ItemRules, NonStockCodesAreExactOrABeginning) {
  const Shop shop = ShopOf({"DEP*", "100999", "4006381333931"});
  EXPECT_EQ(0u, Effects(Sale("DEP-25"), shop));
  EXPECT_EQ(0u, Effects(Sale("DEP"), shop));
  EXPECT_EQ(0u, Effects(Sale("100999"), shop));
  EXPECT_EQ(0u, Effects(Sale("7", "4006381333931"), shop)) << "a GTIN in any of its lengths";
  for (const char* goods : {"1009990", "10099", "XDEP", "dep-25"}) {
    EXPECT_EQ(1u, Effects(Sale(goods), shop)) << goods;
  }
}

// Whatever amount says it: goods that leave do not pay the customer.
TEST(ItemRules, NothingIsSoldForLessThanNothing) {
  const Decimal minus = Decimal::FromInt(-38);
  const auto refused = [](Event event) {
    return std::holds_alternative<Rejection>(DraftFrom(&event, ShopOf({"DEP*"})));
  };
  using Amount = std::optional<Decimal> Line::*;
  for (const Amount amount : {&Line::net_amount, &Line::extended_amount, &Line::unit_price}) {
    Event sold = Sale("MUG"), bottle = Sale("DEP-25"), back = Sale("MUG");
    back.lines[0].action = "return";
    for (Event* event : {&sold, &bottle, &back}) event->lines[0].*amount = minus;
    EXPECT_TRUE(refused(sold));
    EXPECT_FALSE(refused(bottle));
    EXPECT_FALSE(refused(back));
  }
  Event sold = Sale("MUG"), mixed = Sale("MUG");
  sold.totals.emplace().grand_amount = minus;
  EXPECT_TRUE(refused(sold));
  mixed.totals = sold.totals;
  mixed.lines.push_back(Sale("DEP-25").lines[0]);
  EXPECT_FALSE(refused(mixed)) << "a deposit may be paid back";
}

TEST(BusinessDay, ADocumentWithoutOneIsOfTheDayThatItsClockSays) {
  Shop shop = ShopOf({});
  const auto draft = [&](const char* at, int32_t ends_s) {
    shop.business_day_ends_s = ends_s;
    Event event = Sale("A");
    event.transaction->business_day.clear();
    event.transaction->end_at = at;
    return std::get<Draft>(DraftFrom(&event, shop));
  };
  constexpr int32_t kFour = 4 * 3600;
  const struct {
    const char *at, *day, *shifted;
  } cases[] = {{"2026-11-22T00:30:00", "2026-11-22", "2026-11-21"},
               {"2026-11-22T03:59:59", "2026-11-22", "2026-11-21"},
               {"2026-11-22T04:00:00", "2026-11-22", "2026-11-22"},
               {"2026-11-21T23:30:00Z", "2026-11-22", "2026-11-21"},
               {"2026-11-22T23:30:00+05:30", "2026-11-22", "2026-11-22"},
               {"2027-01-01T02:00:00", "2027-01-01", "2026-12-31"}};
  for (const auto& c : cases) {
    const Draft plain = draft(c.at, 0), shifted = draft(c.at, kFour);
    EXPECT_EQ(c.day, plain.business_day) << c.at;
    EXPECT_EQ(c.shifted, shifted.business_day) << c.at;
    EXPECT_NE(std::string::npos, shifted.subject.find(c.shifted)) << shifted.subject;
    EXPECT_NE(std::string::npos, shifted.data.find(c.shifted));
    EXPECT_EQ(plain.identity.id, shifted.identity.id) << "no setting makes another receipt";
    EXPECT_EQ(plain.identity.key, shifted.identity.key);
    ASSERT_TRUE(shifted.book.day_s);
    EXPECT_LE(shifted.book.day_s->first, shifted.book.at_s);
    EXPECT_GT(shifted.book.day_s->second, shifted.book.at_s);
  }
  Event reported = Sale("A");
  reported.transaction->end_at = "2026-11-22T00:30:00";
  EXPECT_EQ("2026-11-21", std::get<Draft>(DraftFrom(&reported, shop)).business_day);
}

TEST(ItemRules, UnitsOfOnePieceAreOneUnit) {
  for (const char* one :
       {"EA", "ea", "Each", "C62", "c62", "H87", "NAR", "PCE", "pcs", "Stk", " EA "}) {
    EXPECT_EQ("EA", OneUnit(one)) << one;
  }
  EXPECT_EQ("KGM", OneUnit("kg"));
  EXPECT_EQ("PR", OneUnit("PR"));
}

TEST(ItemRules, NonStockLinesStayInTheEventAndInItsIdentity) {
  Event deposit = Sale("DEP-25"), goods = Sale("DEP-25"), other = Sale("DEP-26");
  const auto marked = std::get<Draft>(DraftFrom(&deposit, ShopOf({"DEP*"})));
  const auto plain = std::get<Draft>(DraftFrom(&goods, ShopOf({})));
  const auto another = std::get<Draft>(DraftFrom(&other, ShopOf({"DEP*"})));
  EXPECT_EQ(plain.identity.id, marked.identity.id);
  EXPECT_NE(another.identity.id, marked.identity.id);
  EXPECT_NE(std::string::npos, marked.data.find("\"non_stock\":true"));
  EXPECT_NE(std::string::npos, marked.data.find("\"quantity_by_uom\":{\"EA\":\"2\"}"));
  EXPECT_EQ(std::string::npos, marked.data.find("stock_effect"));
}

TEST(ItemRules, ASendersOwnEffectOfANonStockLineDisagrees) {
  Event event = Sale("DEP-25");
  event.lines[0].stock_effect.push_back({"on_hand", "0042", "", Decimal::FromInt(-2)});
  const auto outcome = DraftFrom(&event, ShopOf({"DEP*"}));
  ASSERT_TRUE(std::holds_alternative<Rejection>(outcome));
  EXPECT_EQ("stock-effect-disagrees", std::get<Rejection>(outcome).reason);
}

TEST(ItemRules, UnitsOfTillsBecomeThoseOfTheRecommendation) {
  EXPECT_EQ("EA", UomOf(""));
  EXPECT_EQ("EA", UomOf("PCE"));
  EXPECT_EQ("EA", UomOf("each"));
  EXPECT_EQ("KGM", UomOf("kg"));
  EXPECT_EQ("LBR", UomOf("LB"));
  EXPECT_EQ("LTR", UomOf("l"));
  EXPECT_EQ("H87", UomOf("H87")) << "another code is taken at its word";
  EXPECT_EQ("", UomOf("h8"));
  EXPECT_EQ("", UomOf("furlong"));
  EXPECT_EQ("", UomOf("\xC2\xB5"));
  for (const char* piece : {"Unit\xC3\xA9(s)", "Unit\xC3\xA9s", "UNIT\xC3\x89", "Unidades",
                            "Unidad(es)", "Units", "Unit(s)",
                            "St\xC3\xBC"
                            "ck",
                            "ST\xC3\x9C"
                            "CK",
                            "Stk.", "stuks", "Pezzi", "Nos", "szt."}) {
    EXPECT_EQ("EA", UomOf(piece)) << piece;
  }
  EXPECT_EQ("NOS", UomOf("NOS")) << "in capitals it is a code";
  EXPECT_EQ("", UomOf("."));
}

}  // namespace
}  // namespace tillrelay::event
