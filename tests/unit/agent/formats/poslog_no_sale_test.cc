// Receipts and inventory documents that say by other means than a flag that they are not what they
// look like; and right documents that hold words which only sound like that.
#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/agent/formats/poslog_documents.h"

namespace tillrelay {
namespace {

using testing::Added, testing::ExpectStill, testing::Inventory, testing::Line, testing::Moved,
    testing::Receipt, testing::Replaced;

TEST(PosLogNoSale, AnOrderThatSells) {
  const std::string order = Replaced(Receipt({}), "RetailTransaction", "CustomerOrderTransaction");
  EXPECT_EQ("refused unsupported", Moved(order));
  EXPECT_EQ("reserved 1",
            Moved(Replaced(Replaced(order, "<Sale ", "<Layaway "), "</Sale>", "</Layaway>")));
}

TEST(PosLogNoSale, ASaleThatSpeaksOfItsReturn) {
  for (const char* inner :
       {"<Disposal Method='ReturnToStock'/>", "<ReturnReason>too small</ReturnReason>",
        "<own:ReturnReasonCode>7</own:ReturnReasonCode>", "<ReturnDate>2026-11-21</ReturnDate>",
        "<own:RefundMethod>Cash</own:RefundMethod>", "<Disposition BucketId='DAMAGED'/>"}) {
    ExpectStill(Receipt({.in_goods = inner}));
  }
  for (const char* inner : {"<own:Void/>", "<own:Void><own:Time>10:00</own:Time></own:Void>"}) {
    ExpectStill(Receipt({.in_line = inner}));
    ExpectStill(Receipt({.in_goods = inner}));
    EXPECT_EQ(std::string::npos,
              Moved(Inventory("TransferOut", "", "", Line("", inner))).find("on_hand"));
  }
}

TEST(PosLogNoSale, AReceiptThatSpeaksOfAnother) {
  for (const char* inner : {"<VoidedTransaction>7</VoidedTransaction>", "<VoidedTransaction/>",
                            "<VoidedTransaction><Number>7</Number></VoidedTransaction>",
                            "<OriginalTransactionNumber>7</OriginalTransactionNumber>",
                            "<own:CorrectsTransaction>7</own:CorrectsTransaction>",
                            "<own:ReplacedReceiptNumber>7</own:ReplacedReceiptNumber>"}) {
    ExpectStill(Receipt({.in_receipt = inner}));
    ExpectStill(Receipt({.in_transaction = inner}));
  }
}

TEST(PosLogNoSale, ATypeThatIsNoSale) {
  const std::string xsi = "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:type=";
  for (const char* type : {"ReturnTransaction", "own:ReturnTransaction", "ReturnLineItem",
                           "RefundSale", "CustomerReturn"}) {
    const std::string attribute = xsi + "'" + type + "'";
    ExpectStill(Receipt({.transaction = attribute}));
    ExpectStill(Receipt({.receipt = attribute}));
    ExpectStill(Receipt({.line = attribute}));
    ExpectStill(Receipt({.goods = attribute}));
  }
  for (const char* told :
       {"DocumentType='NOTA DE CREDITO'", "DocType='NCR'", "DocumentType='COT'",
        "own:SaleType='DEV'", "Art='Retoure'", "Kind='Gutschrift'", "Operation='Avoir'",
        "TipoDocumento='Devolucion'", "own:Type='Layaway'", "Function='Layaway'",
        "Belegart='R\xC3\xBC"
        "ckgabe'"}) {
    ExpectStill(Receipt({.transaction = told}));
    ExpectStill(Receipt({.receipt = told}));
    ExpectStill(Receipt({.line = told}));
    ExpectStill(Receipt({.goods = told}));
  }
}

TEST(PosLogNoSale, EverySpellingOfTrue) {
  for (const char* name : {"Anulado", "Schulung", "NotDelivered", "GoodsReturned", "ReturnToStock",
                           "CustomerReturn", "ReturnedByCustomer", "EmployeeReturn", "Undelivered",
                           "own:Returned", "Devolucion", "Storniert"}) {
    for (const char* yes : {"1", "Y", "true", "TRUE", "yes", "on", "t", "ja", "si"}) {
      const std::string attribute = std::string(name) + "='" + yes + "'";
      const std::string element = "<" + std::string(name) + ">" + yes + "</" + name + ">";
      ExpectStill(Receipt({.transaction = attribute}));
      ExpectStill(Receipt({.receipt = attribute}));
      ExpectStill(Receipt({.line = attribute}));
      ExpectStill(Receipt({.goods = attribute}));
      ExpectStill(Receipt({.in_receipt = element}));
      ExpectStill(Receipt({.in_line = element}));
      ExpectStill(Receipt({.in_goods = element}));
      ExpectStill(Receipt({.in_goods = "<own:X>" + element + "</own:X>"}));
    }
    EXPECT_EQ("on_hand -1", Moved(Receipt({.goods = std::string(name) + "='0'"}))) << name;
  }
}

TEST(PosLogNoSale, GoodsInsideGoods) {
  for (const char* inner :
       {"<KitComponents><Component><ItemID>B</ItemID><Quantity>2</Quantity></Component>"
        "</KitComponents>",
        "<Sale><ItemID>B</ItemID><Quantity>2</Quantity></Sale>",
        "<own:Ext><Return><ItemID>B</ItemID><Quantity>1</Quantity></Return></own:Ext>"}) {
    EXPECT_TRUE(Moved(Receipt({.in_goods = inner})).starts_with("refused")) << inner;
    EXPECT_TRUE(Moved(Inventory("TransferOut", "", "", Line("", inner))).starts_with("refused"))
        << inner;
  }
}

TEST(PosLogNoSale, APaymentThatGoesTheOtherWay) {
  const auto paid = [](const std::string& attributes, const std::string& amount,
                       const std::string& inner = "") {
    return Receipt({.lines = "<LineItem><Tender TenderType='Cash' " + attributes + "><Amount>" +
                             amount + "</Amount>" + inner + "</Tender></LineItem>"});
  };
  ExpectStill(paid("", "-1.00"));
  ExpectStill(paid("TypeCode='Refund'", "1.00"));
  ExpectStill(paid("TypeCode='Void'", "1.00"));
  ExpectStill(paid("VoidFlag='true'", "1.00"));
  ExpectStill(paid("Status='Voided'", "1.00"));
  ExpectStill(paid("", "1.00", "<Status>Cancelled</Status>"));
  const std::string voided_line =
      Replaced(paid("", "1.00"), "<LineItem><Tender", "<LineItem VoidFlag='true'><Tender");
  ExpectStill(voided_line);
  EXPECT_EQ("on_hand -1",
            Moved(Replaced(voided_line, "</RetailTransaction>",
                           "<LineItem><Tender TenderType='Cash'><Amount>1.00</Amount></Tender>"
                           "</LineItem></RetailTransaction>")));
  EXPECT_EQ("on_hand -1", Moved(paid("TypeCode='Sale'", "1.00")));
  EXPECT_EQ("on_hand -1", Moved(paid("", "0.00")));
  const std::string change =
      "<LineItem><Tender TenderType='Cash'><Amount>-4.00</Amount></Tender></LineItem>";
  EXPECT_EQ("on_hand -1", Moved(Replaced(paid("", "5.00"), "</RetailTransaction>",
                                         change + "</RetailTransaction>")));
}

std::string Return(const std::string& inner) {
  std::string document = Replaced(Receipt({.in_goods = inner}), "<Sale ", "<Return ");
  return Replaced(Replaced(document, "</Sale>", "</Return>"), ">1.00</Total>", ">-1.00</Total>");
}

TEST(PosLogNoSale, AReturnGoesIntoItsBucket) {
  ASSERT_EQ("on_hand 1", Moved(Return("")));
  for (const char* bucket : {"DAMAGED", "DEFECTIVE", "RTV"}) {
    const std::string attribute = "<Disposition BucketId='" + std::string(bucket) + "'/>";
    EXPECT_EQ("damaged 1", Moved(Return(attribute))) << bucket;
    const std::string element =
        "<Disposition><BucketID>" + std::string(bucket) + "</BucketID></Disposition>";
    EXPECT_EQ("damaged 1", Moved(Return(element))) << bucket;
  }
  EXPECT_EQ("on_hand 1", Moved(Return("<Disposition BucketId='ON_HAND'/>")));
  EXPECT_EQ("refused unknown-word", Moved(Return("<Disposition BucketId='ZORK'/>")));
  EXPECT_EQ("damaged 1", Moved(Return("<Disposition>Damaged</Disposition>")));
}

// Real tills say much that is true and decides nothing.
TEST(PosLogNoSale, WhatOnlySoundsLikeItIsTaken) {
  for (const char* flag :
       {"TaxIncludedInPriceFlag", "ScannedFlag", "WeightEnteredFlag", "AllowFoodStampFlag",
        "ItemNotOnFileFlag", "NonDiscountableFlag", "KeyedFlag", "PriceEmbeddedFlag",
        "AgeRestrictedFlag", "ReceiptReprintedFlag", "TaxOverrideFlag", "ManualEntryFlag"}) {
    const std::string name(flag);
    EXPECT_EQ("on_hand -1", Moved(Receipt({.line = name + "='true'"}))) << name;
    EXPECT_EQ("on_hand -1", Moved(Receipt({.goods = name + "='true'"}))) << name;
    const std::string element = "<" + name + ">true</" + name + ">";
    EXPECT_EQ("on_hand -1", Moved(Receipt({.in_line = element}))) << name;
    EXPECT_EQ("on_hand -1", Moved(Receipt({.in_goods = element}))) << name;
  }
  for (const char* inner :
       {"<own:ReturnPolicyID>30</own:ReturnPolicyID>", "<own:ReturnCode>0</own:ReturnCode>",
        "<own:ReturnDays>14</own:ReturnDays>", "<own:QuotaNumber>4</own:QuotaNumber>",
        "<own:TerminalType>NCR</own:TerminalType>", "<own:Type>Sale</own:Type>"}) {
    EXPECT_EQ("on_hand -1", Moved(Receipt({.in_goods = inner}))) << inner;
    EXPECT_EQ("on_hand -1", Moved(Receipt({.in_receipt = inner}))) << inner;
  }
  EXPECT_EQ("on_hand 1", Moved(Return("<ReturnReason>too small</ReturnReason>"
                                      "<Disposal Method='ReturnToStock'/>")));
}

// One line of an inventory document.
std::string Document(const std::string& type, const std::string& head, const std::string& line) {
  std::string document = Inventory(type, "", head, Line("", line));
  if (type.starts_with("Receiv")) {
    document = Replaced(document, ">0042</Source", ">0099</Source");
    document = Replaced(document, ">0018</Dest", ">0042</Dest");
    document = Replaced(document, ">0099</Source", ">0018</Source");
  }
  return document;
}

// The bucket of the one line of a count; "refused".
std::string Counted(const std::string& type, const std::string& told) {
  const auto decoded = testing::Decode(formats::Format::kPosLog, Document(type, "", told));
  std::string counted = "refused";
  for (const auto& item : decoded.items) {
    const auto* event = std::get_if<event::Event>(&item.outcome);
    if (event == nullptr || event->lines.empty()) continue;
    counted = event->lines[0].bucket.empty() ? "on_hand" : event->lines[0].bucket;
  }
  return counted;
}

TEST(PosLogNoSale, ACountOfDamagedGoodsIsNoneOfThoseForSale) {
  const std::vector<std::string> damaged = {
      "<Condition>Damaged</Condition>", "<own:BucketId>DAMAGED</own:BucketId>",
      "<BucketID>RTV</BucketID>", "<Disposition>Defective</Disposition>"};
  const std::vector<std::string> good = {"", "<Condition>Good</Condition>",
                                         "<BucketId>ON_HAND</BucketId>"};
  for (const char* type : {"CycleCount", "StockCount"}) {
    for (const std::string& told : damaged) EXPECT_EQ("damaged", Counted(type, told)) << told;
    for (const std::string& told : good) EXPECT_EQ("on_hand", Counted(type, told)) << told;
    EXPECT_EQ("refused", Counted(type, "<BucketId>ZORK</BucketId>"));
  }
  for (const std::string& told : damaged) {
    EXPECT_TRUE(Moved(Document("Shipping", "", told)).starts_with("refused")) << told;
  }
  for (const std::string& told : good) {
    EXPECT_EQ("on_hand -3", Moved(Document("Shipping", "", told))) << told;
  }
}

TEST(PosLogNoSale, ATransferGoesTheWayThatItsTypeSays) {
  const auto still = [](const std::string& document) {
    EXPECT_TRUE(Moved(document).starts_with("refused")) << Moved(document) << document;
  };
  for (const char* in : {"Inbound", "In", "Incoming", "own:Inward"}) {
    const std::string told = "<Direction>" + std::string(in) + "</Direction>";
    still(Document("Shipping", told, ""));
    still(Document("Shipping", "", told));
    EXPECT_EQ("on_hand 3", Moved(Document("Receiving", told, ""))) << told;
  }
  for (const char* out : {"Outbound", "Out", "Outgoing"}) {
    const std::string told = "<Direction>" + std::string(out) + "</Direction>";
    still(Document("Receiving", told, ""));
    still(Document("Receiving", "", told));
    EXPECT_EQ("on_hand -3", Moved(Document("Shipping", "", told))) << told;
  }
  for (const char* type : {"Shipping", "Receiving", "CycleCount"}) {
    still(Document(type, "", "<Action>Remove</Action>"));
    EXPECT_FALSE(Moved(Document(type, "", "<Action>Add</Action>")).starts_with("refused")) << type;
  }
  still(Document("CycleCount", "<Direction>Out</Direction>", ""));
}

TEST(PosLogNoSale, TheTransactionTellsTheDocumentsTypeToo) {
  const auto told = [](const std::string& type, const std::string& word) {
    return Moved(Replaced(Document(type, "", ""), "<Transaction ",
                          "<Transaction InventoryDocumentType='" + word + "' "));
  };
  EXPECT_TRUE(told("Receiving", "SHIPPING").starts_with("refused"));
  EXPECT_TRUE(told("Receiving", "ZORK").starts_with("refused"));
  EXPECT_EQ("on_hand 3", told("Receiving", "RECEIVING"));
  EXPECT_EQ("on_hand -3", told("Shipping", "SHIPPING"));
}

}  // namespace
}  // namespace tillrelay
