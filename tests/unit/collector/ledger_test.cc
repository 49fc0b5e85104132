// Claims about stock: only what events say, in number order, and the same when computed anew.
#include "tests/unit/collector/collector_fixture.h"

namespace tillrelay::collector {
namespace {

class LedgerTest : public CollectorTest {
 protected:
  std::string Ledger() {
    return Query(
               "SELECT store_id || '|' || item || '|' || uom || '|' || on_hand || '|' || reserved"
               " || '|' || damaged || '|' || in_transit AS line FROM stock ORDER BY 1") +
           " / " +
           Query(
               "SELECT store_id || '|' || transfer_id || '|' || item || '|' || quantity AS line"
               " FROM transit ORDER BY 1");
  }
  // The same result when the ledger is computed from the event table alone.
  void ExpectRebuildAgrees() {
    const std::string before = Ledger();
    const auto rebuilt = RebuildLedger(store_->sql(), clock_.Wall());
    ASSERT_TRUE(rebuilt.ok()) << rebuilt.status().message();
    EXPECT_EQ(rebuilt->events, static_cast<uint64_t>(Count("event WHERE counted = 1")));
    EXPECT_EQ(rebuilt->corrected_cells, 0u);
    EXPECT_EQ(Ledger(), before);
  }
  EventSource here_;
  EventSource there_{"0017", "01JD3V7Q8Z5W6K2M9T4RHXCDEZ"};
};

TEST_F(LedgerTest, QuantitiesAreDecimalsThatPlainSqlCompares) {
  Deliver({here_.Sale("apple", "2"), here_.Sale("cheese", "0.420"), here_.Sale("cheese", "0.3")});
  EXPECT_EQ(Count("stock WHERE item = 'apple' AND on_hand = -2"), 1);
  EXPECT_EQ(Count("stock WHERE item = 'cheese' AND on_hand = -0.72"), 1);
  if (database_.postgres()) return;
  EXPECT_EQ(Query("SELECT typeof(on_hand) AS line FROM stock ORDER BY item"), "integer; real");
}

TEST_F(LedgerTest, ManySmallDeltasStayExactAcrossTransactions) {
  for (int i = 0; i < 100; ++i) Deliver({here_.Sale("cheese", "0.1", i)});
  EXPECT_EQ(Count("stock WHERE on_hand = -10"), 1);
  for (int i = 0; i < 3; ++i) Deliver({here_.Sale("dust", "0.000001", 100 + i)});
  EXPECT_EQ(Count("stock WHERE item = 'dust' AND on_hand = -0.000003"), 1);
  ExpectRebuildAgrees();
}

TEST_F(LedgerTest, ATransferIsInTransitUntilItIsReceived) {
  Deliver({here_.Ship("TR-1", "0017", "6")});
  EXPECT_EQ(Ledger(), "0017|apple|EA|0|0|0|6; 0042|apple|EA|-6|0|0|0 / 0017|TR-1|apple|6");
  Deliver({there_.Receive("TR-1", "0042", "4")});
  EXPECT_EQ(Ledger(), "0017|apple|EA|4|0|0|2; 0042|apple|EA|-6|0|0|0 / 0017|TR-1|apple|2");
  ExpectRebuildAgrees();
}

TEST_F(LedgerTest, AReceiptThatOvertakesItsShipmentEndsAtTheSame) {
  Deliver({there_.Receive("TR-1", "0042", "6")});
  EXPECT_EQ(Ledger(), "0017|apple|EA|6|0|0|-6 / 0017|TR-1|apple|-6");
  Deliver({here_.Ship("TR-1", "0017", "6")});
  EXPECT_EQ(Query("SELECT in_transit AS line FROM stock ORDER BY store_id"), "0; 0");
  EXPECT_EQ(Count("transit"), 0);
  ExpectRebuildAgrees();
}

TEST_F(LedgerTest, ACountSetsTheShelfAndWhatHappenedLaterComesOnTop) {
  Deliver({here_.Sale("apple", "1", 0), here_.Sale("apple", "2", 20)});
  Deliver({here_.Count("apple", "17", 10)});
  EXPECT_EQ(OnHand(), "0042|apple|15");
  ExpectRebuildAgrees();
}

TEST_F(LedgerTest, AnEventFromBeforeTheCountThatComesLateLeavesTheCountedCellAlone) {
  Deliver({here_.Count("apple", "17", 10)});
  Deliver({here_.Sale("apple", "1", 5), here_.Sale("apple", "1", 10)});
  EXPECT_EQ(OnHand(), "0042|apple|17");
  Deliver({here_.Sale("apple", "3", 11), here_.Sale("pear", "1", 5)});
  EXPECT_EQ(OnHand(), "0042|apple|14; 0042|pear|-1");
  ExpectRebuildAgrees();
}

TEST_F(LedgerTest, AnOlderCountThatComesLateChangesNothing) {
  Deliver({here_.Count("apple", "17", 10), here_.Count("apple", "99", 5)});
  EXPECT_EQ(OnHand(), "0042|apple|17");
  Deliver({here_.Count("apple", "12", 30)});
  EXPECT_EQ(OnHand(), "0042|apple|12");
  ExpectRebuildAgrees();
}

TEST_F(LedgerTest, OpeningStockThenADayThenARestart) {
  Deliver({here_.Count("apple", "100", 0), here_.Sale("apple", "2.5", 1)});
  Restart();
  Deliver({here_.Sale("apple", "1", 0), here_.Sale("apple", "1", 2)});
  EXPECT_EQ(OnHand(), "0042|apple|96.5");
  ExpectRebuildAgrees();
}

class LedgerRulesTest : public ::testing::Test {
 protected:
  LedgerRulesTest()
      : sql_(OpenWriter(database_.url()).value()), tables_(sql_.get()), ledger_(&tables_) {}
  void Apply(std::string data) {
    JsonParser parser;
    const JsonValue value = parser.Parse(data).value();
    Tables::Head head;
    ASSERT_TRUE(tables_.Begin({}, &head).ok());
    Changes changes;
    const Posting posting = ReadPosting({"0042", "sale", "2026-11-21T12:00:00+01:00"}, value);
    const Status applied = ledger_.Apply(posting, ++position_, &changes);
    ASSERT_TRUE(applied.ok()) << applied.message();
    ledger_.Flush(&changes);
    ASSERT_TRUE(tables_.Write(changes, position_).ok());
    ASSERT_TRUE(tables_.Commit().ok());
  }
  int64_t Number(const char* sql) { return std::atoll(database_.Query(sql).c_str()); }

  TestDatabase database_;
  std::unique_ptr<Sql> sql_;
  Tables tables_;
  collector::Ledger ledger_;
  uint64_t position_ = 0;
};

TEST_F(LedgerRulesTest, AnotherStoresShelfIsNotTouched) {
  Apply(R"({"lines":[{"item":{"sku":"a"},"uom":"EA","stock_effect":[
      {"bucket":"on_hand","location":"0017","delta":"-5"},
      {"bucket":"in_transit","location":"0017","ref":"T","delta":"5"}]}]})");
  EXPECT_EQ(Number("SELECT on_hand FROM stock WHERE store_id = '0017'"), 0);
  EXPECT_EQ(Number("SELECT in_transit FROM stock WHERE store_id = '0017'"), 5);
  EXPECT_EQ(ledger_.skipped_effects(), 1u);
}

TEST_F(LedgerRulesTest, AnItemWithoutSkuIsCalledByItsGtin) {
  Apply(R"({"lines":[{"item":{"gtin":"09521234000013"},"uom":"EA","stock_effect":[
      {"bucket":"damaged","location":"0042","delta":"1"}]}]})");
  EXPECT_EQ(Number("SELECT damaged FROM stock WHERE item = '09521234000013'"), 1);
}

TEST_F(LedgerRulesTest, EffectsThatCannotBeReadAreSkippedAndCounted) {
  Apply(R"({"lines":[{"item":{"sku":"a"},"uom":"EA","stock_effect":[
      {"bucket":"attic","location":"0042","delta":"1"},
      {"bucket":"on_hand","location":"0042","delta":"many"},
      {"bucket":"on_hand","location":"0042","delta":"1"}, 7]}, null, {"stock_effect":{}}]})");
  EXPECT_EQ(Number("SELECT on_hand FROM stock"), 1);
  EXPECT_EQ(ledger_.skipped_effects(), 3u);
}

TEST_F(LedgerRulesTest, ASumThatWouldOverflowStaysAsItWas) {
  const std::string huge = R"({"lines":[{"item":{"sku":"a"},"uom":"EA","stock_effect":[
      {"bucket":"on_hand","location":"0042","delta":"4000000000000"}]}]})";
  Apply(huge);
  Apply(huge);
  EXPECT_EQ(Number("SELECT on_hand FROM stock"), 4'000'000'000'000);
  EXPECT_EQ(ledger_.skipped_effects(), 1u);
}

}  // namespace
}  // namespace tillrelay::collector
