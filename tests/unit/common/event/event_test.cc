#include <gtest/gtest.h>

#include <array>
#include <functional>

#include "common/base/files.h"
#include "common/event/draft.h"
#include "common/event/event_json.h"
#include "common/event/gtin.h"
#include "common/event/stock_effect.h"
#include "common/event/time_text.h"
#include "tests/support/drafts.h"

namespace tillrelay::event {
namespace {

using testing::DraftOf;
using testing::Sale;
using testing::TestShop;

// The id, or "reason field".
std::string Told(Event event, const Shop& shop = TestShop()) {
  auto drafted = MakeDraft(std::move(event), shop);
  if (auto* rejection = std::get_if<Rejection>(&drafted)) {
    return rejection->reason + " " + rejection->field;
  }
  return UuidText(std::get<Draft>(drafted).identity.id);
}

struct Sample {
  Event event;
  std::optional<Rejection> rejection;
  std::string text;
};

Sample Load(const std::string& name, Kind kind) {
  Sample sample;
  auto text = ReadFile(std::string(TILLRELAY_TEST_DATA) + "/canonical/" + name, 1 << 20);
  CHECK(text.ok());
  sample.text = *text;
  JsonParser parser;
  auto value = parser.Parse(sample.text);
  CHECK(value.ok());
  sample.event.kind = kind;
  sample.rejection = ReadData(value->Find("data"), &sample.event);
  return sample;
}

Shop ShopOf(const std::string& id) { return {id, {}, StoreZone::Load("Europe/Berlin").value()}; }

TEST(EventTest, EveryCanonicalSampleIsReadAndItsEffectsAgreeWithTheRule) {
  const struct {
    const char* name;
    Kind kind;
    const char* store;
  } samples[] = {{"sale.json", Kind::kSale, "0042"},
                 {"return.json", Kind::kReturn, "0042"},
                 {"transaction_voided.json", Kind::kTransactionVoided, "0042"},
                 {"transfer_shipped.json", Kind::kTransferShipped, "0042"},
                 {"transfer_received.json", Kind::kTransferReceived, "0017"},
                 {"stock_counted.json", Kind::kStockCounted, "0042"},
                 {"day_closed.json", Kind::kDayClosed, "0042"}};
  for (const auto& expected : samples) {
    Sample sample = Load(expected.name, expected.kind);
    ASSERT_FALSE(sample.rejection)
        << expected.name << " " << sample.rejection->field << " " << sample.rejection->hint;
    auto drafted = MakeDraft(sample.event, ShopOf(expected.store));
    auto* rejection = std::get_if<Rejection>(&drafted);
    EXPECT_EQ(rejection, nullptr) << expected.name << " " << rejection->reason << " "
                                  << rejection->field;
  }
}

// The vector of docs/wire.md.
TEST(EventTest, PublishedIdentity) {
  EXPECT_EQ(Told(Load("sale.json", Kind::kSale).event), "e3c9d758-02d0-5929-92a2-59250644fd25");
}

TEST(EventTest, WritingIsCanonical) {
  Sample sample = Load("sale.json", Kind::kSale);
  std::string once, twice;
  WriteData(sample.event, &once);
  JsonParser parser;
  Event again;
  again.kind = Kind::kSale;
  std::string copy = once;
  ASSERT_FALSE(ReadData(*parser.Parse(copy), &again));
  WriteData(again, &twice);
  // Control sums and origin are the agent's own and are made anew.
  EXPECT_EQ(once.substr(0, once.find(",\"origin\"")), twice.substr(0, twice.find(",\"origin\"")));
}

TEST(EventTest, IdentityIgnoresHowNumbersAreWritten) {
  Event a = Sale("03", 11, "2");
  Event b = Sale("3", 11, "2.000");
  b.transaction->transaction_no = "00011";
  EXPECT_EQ(Told(a), Told(b));
  b.lines[0].quantity = Decimal::FromInt(3);
  EXPECT_NE(Told(a), Told(b));
}

TEST(EventTest, IdentityIgnoresOrderOfLinesPricesAndDescriptions) {
  Event a = Sale("03", 11);
  Line second = a.lines[0];
  second.item.sku = "1";
  a.lines.push_back(second);
  Event b = a;
  std::swap(b.lines[0], b.lines[1]);
  b.lines[0].item.description = "other words";
  b.lines[0].unit_price = Decimal::FromInt(7);
  EXPECT_EQ(Told(a), Told(b));
}

TEST(EventTest, SameInstantInAnotherOffsetIsTheSameReceipt) {
  Event a = Sale("03", 11);
  Event b = a;
  b.transaction->end_at = "2026-11-21T16:42:08Z";
  Event c = a;
  c.transaction->end_at = "2026-11-21T17:42:08";
  EXPECT_EQ(Told(a), Told(b));
  EXPECT_EQ(Told(a), Told(c));
}

TEST(EventTest, AliasIsTheSameShopAndForeignIsNot) {
  Event a = Sale("03", 11);
  Event b = a;
  b.transaction->store_id = "9";
  EXPECT_EQ(Told(a), Told(b));
  b.transaction->store_id = "0043";
  EXPECT_EQ(Told(b), "foreign-store transaction.store_id");
}

TEST(EventTest, MissingFieldsAreNamed) {
  Event event = Sale("03", 11);
  event.lines[0].uom.clear();
  EXPECT_EQ(Told(event), "missing-field lines[0].uom");
  event = Sale("03", 11);
  event.lines[0].quantity.reset();
  EXPECT_EQ(Told(event), "missing-field lines[0].quantity");
  event = Sale("03", 11);
  event.transaction->end_at.clear();
  EXPECT_EQ(Told(event), "missing-field transaction.end_at");
  event = Sale("03", 11);
  event.kind = Kind::kExchange;
  EXPECT_EQ(Told(event), "missing-field lines[0].action");
}

TEST(EventTest, NegativeQuantityIsRefused) {
  EXPECT_EQ(Told(Sale("03", 11, "-2")), "bad-value lines[0].quantity");
}

TEST(EventTest, OwnStockEffectThatDisagreesIsRefused) {
  Event event = Sale("03", 11);
  event.lines[0].stock_effect = {{"on_hand", "0042", "", Decimal::FromInt(2)}};
  EXPECT_EQ(Told(event), "stock-effect-disagrees lines[0].stock_effect");
  event.lines[0].stock_effect = {{"on_hand", "0042", "", Decimal::FromInt(-2)}};
  EXPECT_EQ(Told(event), Told(Sale("03", 11)));
}

// "on_hand -2, reserved +2"
std::string Effect(Event event) {
  auto drafted = MakeDraft(std::move(event), TestShop());
  if (auto* rejection = std::get_if<Rejection>(&drafted)) return rejection->reason;
  JsonParser parser;
  auto value = parser.Parse(std::get<Draft>(drafted).data);
  std::string reported;
  for (const JsonValue line : value->Find("lines")) {
    for (const JsonValue effect : line.Find("stock_effect")) {
      reported += (reported.empty() ? "" : ", ") + std::string(effect.String("bucket")) + " " +
                  std::string(effect.String("delta"));
    }
  }
  return reported;
}

TEST(StockRuleTest, EveryActionMovesWhatTheTableSays) {
  Event event = Sale("03", 1);
  Line& line = event.lines[0];
  EXPECT_EQ(Effect(event), "on_hand -2");
  line.action = "order";
  EXPECT_EQ(Effect(event), "reserved 2");
  line.action = "pick_up";
  EXPECT_EQ(Effect(event), "on_hand -2, reserved -2");
  line.action = "refund_only";
  EXPECT_EQ(Effect(event), "");
  line.action = "deposit_return";
  EXPECT_EQ(Effect(event), "");
  event.kind = Kind::kReturn;
  line.action = "return";
  EXPECT_EQ(Effect(event), "on_hand 2");
  line.condition = "damaged";
  EXPECT_EQ(Effect(event), "damaged 2");
  line.condition = "not_kept";
  EXPECT_EQ(Effect(event), "");
}

TEST(StockRuleTest, PostVoidIsTheExactNegation) {
  for (const char* action : {"sale", "order", "pick_up", "return"}) {
    Event event = Sale("03", 1);
    event.lines[0].action = action;
    const std::string done = Effect(event);
    event.kind = Kind::kTransactionVoided;
    std::string undone = Effect(event);
    size_t at = 0;
    while ((at = undone.find(" -", at)) != std::string::npos) undone.replace(at, 2, " ~");
    for (at = 0; (at = undone.find(' ', at)) != std::string::npos; ++at) {
      if (at > 0 && undone[at - 1] != ',' && undone[at + 1] != '~') undone.insert(at + 1, "-");
    }
    std::erase(undone, '~');
    EXPECT_EQ(done, undone) << action;
  }
}

TEST(StockRuleTest, TrainingAndUnfinishedMoveNothing) {
  Event event = Sale("03", 1);
  event.transaction->training = true;
  EXPECT_EQ(Effect(event), "");
  event.transaction->status = "completed";
  EXPECT_EQ(Effect(event), "");
  for (const char* status : {"suspended", "cancelled", "resumed", "control", "training"}) {
    event = Sale("03", 1);
    event.transaction->status = status;
    EXPECT_EQ(Effect(event), "") << status;
  }
}

// Resumed is no end of a receipt: one that was paid has another.
TEST(StockRuleTest, WhatWasPaidIsNotResumed) {
  Event event = Sale("03", 1);
  event.transaction->status = "resumed";
  Tender& tender = event.tenders.emplace_back();
  tender.type = "cash";
  tender.amount = Decimal::FromInt(5);
  EXPECT_EQ(Told(event), "bad-value transaction.status");
}

TEST(StockRuleTest, GoodsAreNotSoldForLessThanNothing) {
  Event event = Sale("03", 1);
  event.lines[0].net_amount = Decimal::FromInt(-1);
  EXPECT_EQ(Told(event), "bad-value lines[0].net_amount");
  event.lines[0].non_stock = true;
  EXPECT_EQ(Effect(event), "");
  event.lines[0].non_stock.reset();
  event.kind = Kind::kReturn;
  EXPECT_EQ(Effect(event), "on_hand 2");
  event.kind = Kind::kTransactionVoided;
  EXPECT_EQ(Effect(event), "on_hand 2");
}

TEST(EventTest, ATimeThatTheClockFaceHadTwiceIsNotTrusted) {
  const auto trusted = [](const char* end) {
    Event event = Sale("03", 1);
    event.transaction->end_at = end;
    return std::get<Draft>(MakeDraft(std::move(event), TestShop())).book.time_trusted;
  };
  EXPECT_FALSE(trusted("2026-10-25T02:30:00"));
  EXPECT_TRUE(trusted("2026-10-25T02:30:00+02:00"));
  EXPECT_TRUE(trusted("2026-10-25T03:30:00"));
  Event guessed = Sale("03", 1);
  guessed.transaction->time_quality = "agent_clock";
  EXPECT_FALSE(std::get<Draft>(MakeDraft(std::move(guessed), TestShop())).book.time_trusted);
}

// A blank makes no other document of it, whatever its kind.
TEST(EventTest, BlanksAroundADocumentsNumberAreNotItsNumber) {
  const auto adjusted = [](const std::string& id) {
    Event event;
    event.kind = Kind::kStockAdjusted;
    event.adjustment =
        Adjustment{id, "0042", "2026-11-21", "2026-11-21T10:00:00+01:00", "damage", ""};
    event.lines.emplace_back().item.sku = "100234";
    event.lines[0].uom = "EA";
    event.lines[0].quantity = Decimal::FromInt(1);
    return DraftOf(std::move(event)).identity;
  };
  const auto counted = [](const std::string& id) {
    Event event;
    event.kind = Kind::kStockCounted;
    Count& count = event.count.emplace();
    count.count_id = id;
    count.store_id = "0042";
    count.business_day = "2026-11-21";
    count.as_of = "2026-11-21T10:00:00+01:00";
    event.lines.emplace_back().item.sku = "100234";
    event.lines[0].uom = "EA";
    event.lines[0].counted = Decimal::FromInt(4);
    return DraftOf(std::move(event)).identity;
  };
  for (const char* blank : {" A1", "A1 ", "A1\u00A0", " A1 "}) {
    EXPECT_EQ(adjusted("A1").id, adjusted(blank).id) << blank;
    EXPECT_EQ(adjusted("A1").key, adjusted(blank).key) << blank;
    EXPECT_EQ(counted("A1").id, counted(blank).id) << blank;
  }
  EXPECT_NE(adjusted("A1").id, adjusted("A 1").id);
}

TEST(EventTest, WithoutABusinessDayItIsOfTheShopsOwnDay) {
  const auto day = [](const char* end) {
    Event event = Sale("03", 1);
    event.transaction->business_day.clear();
    event.transaction->end_at = end;
    return std::get<Draft>(MakeDraft(std::move(event), TestShop())).business_day;
  };
  EXPECT_EQ("2026-11-21", day("2026-11-21T23:59:59"));
  EXPECT_EQ("2026-11-22", day("2026-11-21T23:00:00Z"));
  EXPECT_EQ("2026-11-21", day("2026-11-21T22:59:59Z"));
}

TEST(EventTest, PartsContradictOnlyWhereBothDocumentsTellThem) {
  using Change = std::function<void(Event*)>;
  const auto parts_of = [](Event event, const Change& change) {
    change(&event);
    const Identity identity = DraftOf(std::move(event)).identity;
    return std::string(identity.money.begin(), identity.money.end()) +
           std::string(identity.detail.begin(), identity.detail.end());
  };
  const auto line = [](std::optional<Decimal> Line::*member, int value) -> Change {
    return [=](Event* e) { e->lines[0].*member = Decimal::FromInt(value); };
  };
  const auto serial = [](const char* number) -> Change {
    return [=](Event* e) { e->lines[0].serials = {number}; };
  };
  const auto original = [](const char* number) -> Change {
    return [=](Event* e) { e->lines[0].original.emplace().transaction_no = number; };
  };
  const auto voided = [](const char* number) -> Change {
    return [=](Event* e) {
      e->kind = Kind::kTransactionVoided;
      e->voids.emplace().transaction_no = number;
    };
  };
  const auto currency = [](const char* word) -> Change {
    return [=](Event* e) { e->currency = word; };
  };
  const auto tax = [](int amount) -> Change {
    return [=](Event* e) { e->totals.emplace().tax_amount = Decimal::FromInt(amount); };
  };
  const auto tender = [](const char* type) -> Change {
    return [=](Event* e) { e->tenders.push_back({type, Decimal::FromInt(5)}); };
  };
  const std::tuple<const char*, Change, Change> parts[] = {
      {"currency", currency("EUR"), currency("USD")},
      {"net amount", line(&Line::net_amount, 5), line(&Line::net_amount, 6)},
      {"price", line(&Line::unit_price, 5), line(&Line::unit_price, 6)},
      {"tax", tax(5), tax(6)},
      {"tender", tender("cash"), tender("card")},
      {"serial", serial("A1"), serial("A2")},
      {"original", original("7"), original("8")},
      {"voided", voided("7"), voided("8")}};
  const std::string plain = parts_of(Sale("03", 1), [](Event*) {});
  for (const auto& [name, first, second] : parts) {
    SCOPED_TRACE(name);
    const std::string one = parts_of(Sale("03", 1), first), other = parts_of(Sale("03", 1), second);
    EXPECT_TRUE(PartsDiffer(one, other));
    EXPECT_FALSE(PartsDiffer(one, one));
    EXPECT_FALSE(PartsDiffer(one, plain));
    EXPECT_FALSE(PartsDiffer("", other)) << "rows of before have none";
  }
  EXPECT_EQ(plain,
            parts_of(Sale("03", 1), [](Event* e) { e->lines[0].item.description = "Milk"; }));
}

// Identity keeps what was written, so that a repeat is known under any rule.
TEST(EventTest, OneArticleHasOneNameInTheBooksAndItsIdentityStays) {
  const auto with = [](const std::string& sku, const std::string& uom) {
    Event event = Sale("03", 1);
    event.lines[0].item = {};
    event.lines[0].item.sku = sku;
    event.lines[0].uom = uom;
    const auto draft = DraftFrom(&event, TestShop());
    return std::pair(std::get<Draft>(draft).identity.id, event.lines[0]);
  };
  const auto plain = with("A", "EA");
  for (const char* same : {"C62", "H87", "NAR", "PCE"}) {
    const auto other = with("A", same);
    EXPECT_EQ("EA", other.second.uom) << same;
    EXPECT_NE(plain.first, other.first) << same;
  }
  EXPECT_EQ("KGM", with("A", "KGM").second.uom);
  EXPECT_EQ("XPK", with("A", "XPK").second.uom);
  EXPECT_EQ("A", with(" A ", "EA").second.item.sku);
  EXPECT_NE(plain.first, with(" A ", "EA").first);
  Event blank = Sale("03", 1);
  blank.lines[0].item = {};
  blank.lines[0].item.sku = "  ";
  EXPECT_EQ("missing-field lines[0].item", Told(std::move(blank)));
}

TEST(StockRuleTest, FinalReceiptWritesTheRestOff) {
  Event event;
  event.kind = Kind::kTransferReceived;
  auto& t = event.transfer.emplace();
  t.transfer_id = "TR-1";
  t.receipt_id = "RC-1";
  t.from_store_id = "0017";
  t.to_store_id = "0042";
  t.business_day = "2026-11-21";
  t.received_at = "2026-11-21T10:00:00+01:00";
  auto& line = event.lines.emplace_back();
  line.item.sku = "1";
  line.uom = "EA";
  line.quantity = Decimal::FromInt(5);
  line.quantity_damaged = Decimal::FromInt(1);
  line.quantity_expected = Decimal::FromInt(8);
  EXPECT_EQ(Effect(event), "on_hand 5, damaged 1, in_transit -6");
  event.transfer->is_final = true;
  EXPECT_EQ(Effect(event), "on_hand 5, damaged 1, in_transit -8");
}

TEST(StockRuleTest, CorrectionNeedsADirection) {
  Event event;
  event.kind = Kind::kStockAdjusted;
  event.adjustment =
      Adjustment{"A1", "0042", "2026-11-21", "2026-11-21T10:00:00", "correction", ""};
  auto& line = event.lines.emplace_back();
  line.item.sku = "1";
  line.uom = "EA";
  line.quantity = Decimal::FromInt(5);
  EXPECT_EQ(Effect(event), "missing-field");
  event.lines[0].direction = "decrease";
  EXPECT_EQ(Effect(event), "on_hand -5");
  event.lines[0].direction.clear();
  event.adjustment->reason = "damage";
  EXPECT_EQ(Effect(event), "on_hand -5, damaged 5");
}

TEST(GtinTest, OnlyWhatCanBeOne) {
  EXPECT_EQ(NormaliseGtin("9521234000013"), "09521234000013");
  EXPECT_EQ(NormaliseGtin("09521234000013"), "09521234000013");
  EXPECT_EQ(NormaliseGtin("9521234000014"), "");   // check digit
  EXPECT_EQ(NormaliseGtin("2502010759599"), "");   // in-store prefix
  EXPECT_EQ(NormaliseGtin("00000000067591"), "");  // a PLU, too short
  EXPECT_EQ(NormaliseGtin("96385074"), "00000096385074");
  EXPECT_EQ(NormaliseGtin("abc"), "");
}

std::string Face(const char* text, const char* zone) {
  const auto resolved = StoreZone::Load(zone)->Resolve(*ParseTime(text));
  return resolved.text + " " + resolved.quality;
}

TEST(TimeTest, LocalTimesGetTheStoresOffset) {
  EXPECT_EQ(Face("2026-07-01T12:00:00", "Europe/Berlin"), "2026-07-01T12:00:00+02:00 zone_assumed");
  EXPECT_EQ(Face("2026-11-21T16:42:08Z", "Europe/Berlin"), "2026-11-21T17:42:08+01:00 exact");
  EXPECT_EQ(Face("2026-10-25T02:30:00", "Europe/Berlin"),
            "2026-10-25T02:30:00+02:00 dst_ambiguous");
  EXPECT_EQ(Face("2026-03-29T02:30:00", "Europe/Berlin"), "2026-03-29T03:30:00+02:00 zone_assumed");
}

TEST(TimeTest, RefusesWhatIsNoTime) {
  for (const char* text : {"", "2026-11-21", "2026-13-01T00:00:00", "2026-02-30T00:00:00",
                           "2026-11-21T25:00:00", "2026-11-21T10:00:00+25:00",
                           "2026-11-21T10:00:00x", "2026-11-21T10:00:00.", "21.11.2026 10:00:00"}) {
    EXPECT_FALSE(ParseTime(text).ok()) << text;
  }
  EXPECT_FALSE(StoreZone::Load("Europe/Atlantis").ok());
}

TEST(TimeTest, UtcTextIsReadBack) {
  const WallTime time{std::chrono::microseconds(1795279329512000)};
  EXPECT_EQ(UtcText(time), "2026-11-21T16:42:09.512Z");
  EXPECT_EQ(*ParseUtc(UtcText(time)), time);
  EXPECT_EQ(UtcStamp(time), "2026-11-21T16:42:09Z");
  EXPECT_EQ(UtcStamp(WallTime{std::chrono::microseconds(-1)}), "1969-12-31T23:59:59Z");
}

TEST(EventJsonTest, UnknownMembersAreRefusedByPathWithTheNearestName) {
  JsonParser parser;
  std::string text = R"({"lines":[{"quantty":"1"}]})";
  Event event;
  auto rejection = ReadData(*parser.Parse(text), &event);
  ASSERT_TRUE(rejection);
  EXPECT_EQ(rejection->reason, "unknown-field");
  EXPECT_EQ(rejection->field, "lines[0].quantty");
  EXPECT_NE(rejection->hint.find("quantity"), std::string::npos);
}

TEST(EventJsonTest, OwnMembersLiveUnderExt) {
  JsonParser parser;
  std::string text = R"({"ext":{"till.version":"7.1"}})";
  Event event;
  EXPECT_FALSE(ReadData(*parser.Parse(text), &event));
  EXPECT_EQ(event.ext.size(), 1u);
  text = R"({"ext":{"bad name":"7.1"}})";
  Event other;
  EXPECT_TRUE(ReadData(*parser.Parse(text), &other));
}

TEST(TimeTest, AYearThatNoTillKnowsIsWrittenInFull) {
  constexpr int64_t kYear10000 = 253'402'300'800;  // seconds since 1970
  const auto text = [](int64_t seconds) {
    return UtcText(WallTime(std::chrono::microseconds(seconds * 1'000'000)));
  };
  EXPECT_EQ(text(kYear10000 + 3723), "10000-01-01T01:02:03.000Z");
  EXPECT_EQ(text(kYear10000 - 1), "9999-12-31T23:59:59.000Z");
}

}  // namespace
}  // namespace tillrelay::event
