// POSLog as the standard has it, where no public sample shows it: hand-written documents, and what
// each must do to stock, written by hand as well.
#include <gtest/gtest.h>

#include "common/event/stock_effect.h"
#include "tests/support/golden.h"

namespace tillrelay {
namespace {

using formats::Format;
using testing::Decode;

std::string NumberOf(const event::Event& event) {
  if (event.transaction) return event.transaction->transaction_no;
  if (event.transfer) return event.transfer->transfer_id;
  if (event.adjustment) return event.adjustment->adjustment_id;
  if (event.count) return event.count->count_id;
  return event.close->z_no;
}

// "sale 7: on_hand 100 -1 EA, ..." after all rules, or "rejected REASON at FIELD".
std::string Told(const formats::Item& item) {
  const auto refused = [](const event::Rejection& why) {
    return "rejected " + why.reason + " at " + why.field;
  };
  if (const auto* why = std::get_if<event::Rejection>(&item.outcome)) return refused(*why);
  event::Event event = std::get<event::Event>(item.outcome);
  const auto draft = event::DraftFrom(&event, testing::GoldenShop());
  if (const auto* why = std::get_if<event::Rejection>(&draft)) return refused(*why);
  std::string text(event::KindWord(event.kind));
  if (event.transaction && event.transaction->status != "completed") {
    text += "/" + event.transaction->status;
  }
  text += " " + NumberOf(event) + ":";
  for (const event::Line& line : event.lines) {
    if (line.counted) text += " " + line.item.sku + " = " + line.counted->Text();
    for (const auto& effect : line.stock_effect) {
      text += " " + effect.bucket + (effect.location == "0042" ? "" : "@" + effect.location) + " " +
              line.item.sku + " " + (effect.delta->negative() ? "" : "+") + effect.delta->Text() +
              " " + line.uom + ",";
    }
  }
  if (text.ends_with(',')) text.pop_back();
  return text;
}

using Lines = std::vector<std::string>;

Lines ToldBy(const std::string& name) {
  Lines all;
  const auto decoded = Decode(Format::kPosLog, testing::ReadGolden("poslog/arts/" + name));
  EXPECT_FALSE(decoded.error) << decoded.error->what;
  for (const auto& item : decoded.items) all.push_back(Told(item));
  return all;
}

event::Event EventAt(const std::string& name, size_t index) {
  const auto decoded = Decode(Format::kPosLog, testing::ReadGolden("poslog/arts/" + name));
  event::Event event = std::get<event::Event>(decoded.items.at(index).outcome);
  const auto draft = event::DraftFrom(&event, testing::GoldenShop());
  EXPECT_TRUE(std::holds_alternative<event::Draft>(draft));
  return event;
}

TEST(PosLogArts, PostVoidsNegateWhatTheyTakeBack) {
  EXPECT_EQ((Lines{
                "transaction_voided 11: on_hand 100 +2 EA, on_hand 101 +1 EA",
                "transaction_voided 12: on_hand 100 +2 EA, on_hand 101 +1 EA",
                "transaction_voided 13: on_hand 100 +2 EA",
                "transaction_voided 14: on_hand 100 -1 EA",
                "transaction_voided 15: damaged 100 -1 EA",
                "transaction_voided 16: on_hand 100 -1 EA, on_hand 101 +1 EA",
                "transaction_voided 17: on_hand 100 +2 EA",
                "transaction_voided 18: on_hand 101 +1 EA",
                "transaction_voided 19: on_hand 100 +1 EA",
                "transaction_voided 20: reserved 100 -1 EA",
                "rejected bad-value at LineItem",
                "rejected missing-field at LineItem",
                "rejected missing-field at TransactionLink.SequenceNumber",
                "rejected unsupported at TransactionStatus",
                "rejected totals-disagree at Total[TransactionGrandAmount]",
                "register_control/training 26:",
            }),
            ToldBy("post_voids.xml"));
}

TEST(PosLogArts, PostVoidNamesItsOriginal) {
  const event::Event event = EventAt("post_voids.xml", 0);
  EXPECT_EQ("0042", event.voids->store_id);
  EXPECT_EQ("03", event.voids->register_id);
  EXPECT_EQ("2026-11-21", event.voids->business_day);
  EXPECT_EQ("7", event.voids->transaction_no);
  EXPECT_EQ("11", event.transaction->transaction_no);
  const event::Event own_body = EventAt("post_voids.xml", 8);
  EXPECT_EQ("03", own_body.voids->register_id);
  EXPECT_EQ("CashierError", own_body.reason);
}

TEST(PosLogArts, PostVoidUndoesItsOriginalExactly) {
  const std::string document = testing::ReadGolden("poslog/arts/post_voids.xml");
  std::string original = document;
  const std::string word = "ReasonCode=\"Voided\"";
  original.replace(original.find(word), word.size(), "ReasonCode=\"Related\"");
  const auto first = [](const std::string& text) {
    auto decoded = Decode(Format::kPosLog, text);
    event::Event event = std::get<event::Event>(decoded.items.front().outcome);
    EXPECT_FALSE(event::ApplyStockRule(&event));
    return event;
  };
  const event::Event sale = first(original), voided = first(document);
  ASSERT_EQ(event::Kind::kSale, sale.kind);
  ASSERT_EQ(sale.lines.size(), voided.lines.size());
  for (size_t i = 0; i < sale.lines.size(); ++i) {
    EXPECT_EQ(-*sale.lines[i].stock_effect[0].delta, *voided.lines[i].stock_effect[0].delta);
  }
}

TEST(PosLogArts, PostVoidOfAnUncertainDialectIsRefused) {
  std::string document = testing::ReadGolden("poslog/arts/post_voids.xml");
  const std::string root = "<POSLog ";
  document.replace(document.find(root), root.size(),
                   "<POSLog xmlns:acs=\"http://www.ncr.com/rsd/acs/tlog/schema/\" ");
  const auto decoded = Decode(Format::kPosLog, document);
  EXPECT_EQ("rejected unsupported at TransactionLink", Told(decoded.items.at(0)));
  EXPECT_EQ("rejected unsupported at TransactionLink", Told(decoded.items.at(1)));
}

TEST(PosLogArts, ReturnElementsBringGoodsWhereTheirDisposalSays) {
  EXPECT_EQ((Lines{
                "return 31: on_hand 200 +1 EA",
                "return 32: on_hand 200 +1 EA",
                "return 33: damaged 200 +2 EA",
                "rejected unknown-word at LineItem[1].Method",
                "exchange 35: on_hand 200 +1 EA, on_hand 201 -1 EA",
                "sale 36: on_hand 201 -1 EA",
                "rejected bad-value at LineItem[1].Quantity",
            }),
            ToldBy("returns.xml"));
  EXPECT_EQ("ChangedMind", EventAt("returns.xml", 0).lines[0].reason);
  EXPECT_EQ("4711", EventAt("returns.xml", 4).lines[0].original->transaction_no);
  EXPECT_FALSE(EventAt("returns.xml", 4).lines[1].original);
  EXPECT_EQ(true, EventAt("returns.xml", 5).lines[0].non_stock);
}

TEST(PosLogArts, OrdersReserveAndHandingOverReleases) {
  EXPECT_EQ((Lines{
                "sale 41: reserved 300 +2 EA, on_hand 201 -1 EA",
                "sale 42: reserved 300 +1 EA",
                "sale 43: on_hand 300 -2 EA, reserved 300 -2 EA",
                "sale 44: reserved 300 +1 EA",
                "rejected unsupported at LineItem[1].PreviousLayaway",
                "rejected unsupported at LineItem[1].Quantity",
            }),
            ToldBy("orders.xml"));
}

TEST(PosLogArts, OnlyWhatWasCarriedOutMovesStock) {
  EXPECT_EQ((Lines{
                "sale 51: on_hand 100 -1 EA",
                "register_control/training 52:",
                "register_control/training 53:",
                "register_control/suspended 54:",
                "register_control/suspended 55:",
                "register_control/resumed 56:",
                "sale 57: on_hand 100 -1 EA",
                "register_control/cancelled 58:",
                "register_control/cancelled 59:",
                "register_control/cancelled 60:",
            }),
            ToldBy("states.xml"));
  const event::Event offline = EventAt("states.xml", 0);
  EXPECT_EQ(true, offline.transaction->captured_offline);
  EXPECT_EQ("9900610140045120261121", offline.transaction->receipt_no);
  EXPECT_EQ("register/03/2026-11-21/54", EventAt("states.xml", 6).ext.at(0).second);
}

// Each keeps the register's number with a filler beside it.
TEST(PosLogArts, InventoryDocumentsMoveStockAsTheySay) {
  Lines documents;
  for (const std::string& reported : ToldBy("inventory.xml")) {
    if (!reported.starts_with("register_control/control ")) documents.push_back(reported);
  }
  EXPECT_EQ(
      (Lines{
          "transfer_shipped TR-1: on_hand 200 -6 EA, in_transit@0018 200 +6 EA,"
          " on_hand 201 -1.250 KGM, in_transit@0018 201 +1.250 KGM",
          "transfer_received TR-2: on_hand 200 +5 EA, damaged 200 +1 EA, in_transit 200 -6 EA",
          "transfer_received TR-3: on_hand 200 +1 EA, in_transit 200 -2 EA",
          "transfer_voided TR-1: on_hand 200 +6 EA, in_transit@0018 200 -6 EA",
          "stock_adjusted ADJ-1: on_hand 200 -2.0000 EA, on_hand 201 +3 EA",
          "stock_adjusted ADJ-2: on_hand 200 -2 EA, on_hand 201 -1 EA",
          "stock_adjusted ADJ-3: on_hand 200 -1 EA, damaged 200 +1 EA",
          "stock_adjusted ADJ-4: on_hand 200 +4 EA",
          "stock_counted CC-1: 200 = 17",
          "rejected unsupported at DocumentTypeCode",
          "rejected unknown-word at DocumentTypeCode",
          "rejected missing-field at SourceRetailStoreID",
          "rejected bad-value at DocumentTypeCode",
          "rejected missing-field at ReasonCode",
          "rejected bad-value at LineItem[].DamagedUnitCount",
          "rejected bad-value at LineItem[].Quantity",
          "rejected bad-value at UnitCount",
          "rejected missing-field at InventoryControlDocumentID",
          "rejected missing-field at LineItem",
      }),
      documents);
}

TEST(PosLogArts, NoNumberOfARegisterGoesMissing) {
  for (const char* name : {"inventory.xml", "day_close.xml"}) {
    std::set<int> numbers;
    const auto decoded =
        Decode(Format::kPosLog, testing::ReadGolden(std::string("poslog/arts/") + name));
    for (const auto& item : decoded.items) {
      const auto* event = std::get_if<event::Event>(&item.outcome);
      if (event != nullptr && event->transaction) {
        numbers.insert(std::stoi(event->transaction->transaction_no));
      }
    }
    EXPECT_EQ(*numbers.rbegin() - *numbers.begin() + 1, static_cast<int>(numbers.size())) << name;
    EXPECT_GT(numbers.size(), 4u);
  }
}

TEST(PosLogArts, ArrivalWithoutItsNumberIsNamedByItsTransaction) {
  const auto decoded = Decode(Format::kPosLog, testing::ReadGolden("poslog/arts/inventory.xml"));
  for (const auto& item : decoded.items) {
    const auto* event = std::get_if<event::Event>(&item.outcome);
    if (event == nullptr || NumberOf(*event) != "TR-3") continue;
    EXPECT_EQ("03-2026-11-21-73", event->transfer->receipt_id);
    return;
  }
  FAIL() << "TR-3 is missing";
}

TEST(PosLogArts, DayCloseCarriesTheRegistersTotals) {
  EXPECT_EQ((Lines{
                "register_control/control 101:",
                "day_closed 1187:",
                "register_control/control 102:",
                "day_closed Z-77:",
                "register_control/control 103:",
                "register_control/control 104:",
                "rejected bad-value at TotalTransactionCount",
                "register_control/control 105:",
            }),
            ToldBy("day_close.xml"));
  const event::Event close = EventAt("day_close.xml", 1);
  EXPECT_EQ("03", close.close->register_id);
  EXPECT_EQ("2026-11-21", close.close->business_day);
  EXPECT_EQ(189, close.pos_control->transaction_count);
  EXPECT_EQ(163, close.pos_control->sale_count);
  EXPECT_EQ(11, close.pos_control->return_count);
  EXPECT_EQ(2, close.pos_control->post_void_count);
  EXPECT_EQ("4821.37", close.pos_control->net_amount->Text());
  EXPECT_EQ("769.80", close.pos_control->tax_amount->Text());
  EXPECT_EQ("304786.07", close.pos_control->grand_total_non_resettable->Text());
  EXPECT_EQ("1", close.pos_control->first_transaction_no);
  EXPECT_EQ("189", close.pos_control->last_transaction_no);
}

TEST(PosLogArts, VanishedLinesAreCountedByTheirNumbers) {
  EXPECT_EQ((Lines{
                "sale 111: on_hand 100 -1 EA, on_hand 101 -2 EA",
                "sale 112: on_hand 101 -2 EA, on_hand 100 -1 EA",
                "rejected bad-value at LineItem[1]",
            }),
            ToldBy("vanished_lines.xml"));
  EXPECT_EQ(2, EventAt("vanished_lines.xml", 0).audit->voided_line_count);
  EXPECT_FALSE(EventAt("vanished_lines.xml", 1).audit);
}

TEST(PosLogArts, FirstVersionsAndOtherUnitsAreRead) {
  EXPECT_EQ((Lines{"sale 0121: on_hand 4006381333931 -2 EA"}), ToldBy("version_1.xml"));
  const event::Event event = EventAt("version_1.xml", 0);
  EXPECT_EQ("poslog-1.1/generic", event.origin->dialect);
  EXPECT_EQ("K\xC3\xA4se", event.lines[0].item.description);
  EXPECT_EQ("04006381333931", event.lines[0].item.gtin);
}

}  // namespace
}  // namespace tillrelay
