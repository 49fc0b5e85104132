// Words and names that plainly decide, in places of a POSLog document that no table names: whatever
// is told there, its goods do not move unnoticed.
#include <gtest/gtest.h>

#include "agent/formats/poslog/vocabulary.h"
#include "tests/unit/agent/formats/poslog_documents.h"

namespace tillrelay {
namespace {

using testing::Added, testing::Document, testing::ExpectStill, testing::Inventory, testing::kLink,
    testing::Line, testing::Moved, testing::Receipt;

struct Told {
  const char *name, *value;
};
constexpr Told kOfTransactions[] = {{"transactionStatus", "Voided"},
                                    {"Transaction_Status", "Cancelled"},
                                    {"TransactionState", "Abandoned"},
                                    {"ReceiptStatus", "Zork"},
                                    {"SaleState", "Zork"},
                                    {"State", "Voided"},
                                    {"TransactionMode", "Training"},
                                    {"OperatingMode", "TRAINING"},
                                    {"Mode", "Demo"},
                                    {"Type", "Training"},
                                    {"TransType", "PostVoid"},
                                    {"TransactionSubType", "own:Void Sale"},
                                    {"ReceiptType", "Quotation"},
                                    {"IsVoided", "1"},
                                    {"isTraining", "1"},
                                    {"void", "1"},
                                    {"Cancel", "1"},
                                    {"test", "1"},
                                    {"Aborted", "1"},
                                    {"Reversed", "Y"},
                                    {"Parked", "1"},
                                    {"PostVoided", "true"},
                                    {"TrainingTransaction", "true"},
                                    {"VoidReason", "wrong item"},
                                    {"VoidedTransactionSequence", "7"},
                                    {"Approved", "false"},
                                    {"Completed", "no"},
                                    {"OnHold", "yes"},
                                    {"Outcome", "Declined"},
                                    {"Mode", "School"},
                                    {"Modus", "Schulung"},
                                    {"Action", "DELETE"},
                                    {"Final", "false"},
                                    {"Delivered", "no"},
                                    {"PickedUp", "false"},
                                    {"GoodsDelivered", "false"},
                                    {"HasBeenCollectedFlag", "0"},
                                    {"UpdateStock", "false"},
                                    {"StockUpdated", "no"},
                                    {"AffectsInventory", "false"},
                                    {"StockRelevantIndicator", "N"},
                                    {"StockUpdate", "false"},
                                    {"HandedToCustomer", "no"},
                                    {"IsActive", "false"},
                                    {"Effective", "no"},
                                    {"InventoryRelevant", "N"},
                                    {"DecrementStock", "false"},
                                    {"decrementsInventoryFlag", "0"},
                                    {"StockTracked", "false"},
                                    {"InventoryControlled", "no"},
                                    {"Lagerbewegung", "nein"},
                                    {"FulfillmentType", "DropShip"},
                                    {"DeliveryMethod", "ShipFromWarehouse"},
                                    {"OrderType", "PreOrder"},
                                    {"ReasonCode", "VOID"},
                                    {"ReasonCode", "VOID_ITEM"},
                                    {"TransactionReason", "Cancelled"}};

constexpr Told kOfLines[] = {{"IsVoided", "1"},
                             {"status", "voided"},
                             {"LineStatus", "Voided"},
                             {"LineStatus", "Zork"},
                             {"State", "Void"},
                             {"VoidType", "own:LineVoid"},
                             {"IsReturn", "1"},
                             {"EntryType", "Void"},
                             {"Type", "Return"},
                             {"Action", "Void"},
                             {"ActionCode", "Delete"},
                             {"Operation", "Refund"},
                             {"LineVoid", "true"},
                             {"Reversal", "true"},
                             {"LineItemType", "Void"},
                             {"ReasonCode", "VOID"},
                             {"Reason", "Storno"},
                             {"DeliveredQuantity", "0"},
                             {"ShippedQty", "0.00"},
                             {"PickedUp", "false"},
                             {"QuantityPickedUpUnits", "0"},
                             {"QuantityDelivered", "0"},
                             {"PickedQuantity", "0"},
                             {"StockType", "BLOCKED"},
                             {"BucketId", "InTransit"},
                             {"SupplyMethod", "VendorDirect"},
                             {"ItemSource", "own:Distribution Center"},
                             {"ShippingMethod", "FutureDelivery"},
                             {"LineType", "BackOrder"},
                             {"PickupMethod", "CollectLater"},
                             {"InventoryState", "Damaged"}};

constexpr Told kOfItems[] = {{"itemType", "GiftCertificate"}, {"NonPhysicalItemType", "GIFTCARD"},
                             {"ItemClass", "own:GiftCard"},   {"NonStock", "1"},
                             {"StockItem", "false"},          {"NonMerchandise", "true"}};

std::string Attribute(const Told& reported, const char* prefix) {
  return prefix + std::string(reported.name) + "='" + reported.value + "'";
}
std::string Element(const Told& reported) {
  const std::string name = "own:" + std::string(reported.name);
  return "<" + name + ">" + reported.value + "</" + name + ">";
}

TEST(UnreadWords, DecideAtEveryPlaceOfAReceipt) {
  ASSERT_EQ("on_hand -1", Moved(Receipt({})));
  for (const Told& reported : kOfTransactions) {
    for (const char* prefix : {"", "own:"}) {
      ExpectStill(Receipt({.transaction = Attribute(reported, prefix)}));
      ExpectStill(Receipt({.receipt = Attribute(reported, prefix)}));
    }
    ExpectStill(Receipt({.in_transaction = Element(reported)}));
    ExpectStill(Receipt({.in_receipt = Element(reported)}));
  }
  for (const Told& reported : kOfLines) {
    ExpectStill(Receipt({.line = Attribute(reported, "own:")}));
    ExpectStill(Receipt({.goods = Attribute(reported, "")}));
    ExpectStill(Receipt({.in_line = Element(reported)}));
    ExpectStill(Receipt({.in_goods = Element(reported)}));
  }
  for (const Told& reported : kOfItems) {
    ExpectStill(Receipt({.goods = Attribute(reported, "own:")}));
    ExpectStill(Receipt({.in_goods = Element(reported)}));
  }
  ExpectStill(Receipt({.in_receipt = "<TransactionStatus Code='Voided'/>"}));
  ExpectStill(
      Receipt({.in_receipt = "<TransactionStatus><Code>Voided</Code></TransactionStatus>"}));
  ExpectStill(Receipt({.in_transaction = "<Training><Since>1</Since></Training>"}));
}

TEST(UnreadWords, WhatIsTrueAndNotKnownDecidesAsAnElementToo) {
  for (const char* name : {"NotSold", "Undelivered", "Reserved", "Backorder", "Ghost", "DropShip",
                           "Refused", "Inactive"}) {
    for (const char* yes : {"1", "true", "TRUE", "yes", "ja", "Y", "T", "J", "on"}) {
      const std::string element = Element({name, yes});
      ExpectStill(Receipt({.in_transaction = element}));
      ExpectStill(Receipt({.in_receipt = element}));
      ExpectStill(Receipt({.in_line = element}));
      ExpectStill(Receipt({.in_goods = element}));
    }
    EXPECT_EQ("on_hand -1", Moved(Receipt({.in_goods = Element({name, "false"})})));
  }
  for (const char* place : {"State='Undone'", "own:Result='Undone'"}) {
    ExpectStill(Receipt({.transaction = place}));
    ExpectStill(Receipt({.receipt = place}));
    ExpectStill(Receipt({.line = place}));
    ExpectStill(Receipt({.goods = place}));
  }
  formats::poslog::Vocabulary taught;
  ASSERT_TRUE(taught.Teach("flag", "Ghost", "harmless").ok());
  EXPECT_EQ("on_hand -1", Moved(Receipt({.in_goods = Element({"Ghost", "true"})}), &taught));
}

// What a maker adds may stand as deep as it likes, in elements, attributes or both.
std::string Nested(const std::string& inner, int depth) {
  std::string text = inner;
  for (int i = 0; i < depth; ++i)
    text = "<own:Part" + std::to_string(i) + ">" + text + "</own:Part" + std::to_string(i) + ">";
  return text;
}

TEST(UnreadWords, DecideAtAnyDepth) {
  for (const int depth : {1, 2, 7}) {
    for (const Told& reported : kOfTransactions) {
      for (const std::string& inner :
           {Nested(Element(reported), depth),
            Nested("<own:X " + Attribute(reported, "") + "/>", depth),
            Nested("<own:X " + Attribute(reported, "own:") + ">1</own:X>", depth)}) {
        ExpectStill(Receipt({.in_transaction = inner}));
        ExpectStill(Receipt({.in_receipt = inner}));
      }
    }
    for (const Told& reported : kOfLines) {
      ExpectStill(Receipt({.in_line = Nested(Element(reported), depth)}));
      ExpectStill(Receipt({.in_goods = Nested(Element(reported), depth)}));
    }
    for (const char* slot : {"<TransactionStatus>Voided</TransactionStatus>",
                             "<CancelFlag>true</CancelFlag>", "<VoidFlag>maybe</VoidFlag>"}) {
      ExpectStill(Receipt({.in_receipt = Nested(slot, depth)}));
      ExpectStill(Receipt({.in_goods = Nested(slot, depth)}));
    }
    for (const char* harmless :
         {"<own:Note>voided once</own:Note>", "<own:Status>Completed</own:Status>",
          "<CancelFlag>false</CancelFlag>", "<own:Clerk Name='Void'/>"}) {
      EXPECT_EQ("on_hand -1", Moved(Receipt({.in_receipt = Nested(harmless, depth)}))) << harmless;
    }
    EXPECT_EQ(
        "on_hand -1",
        Moved(Receipt({.in_receipt = "<own:Customer>" + Nested("<Status>Voided</Status>", depth) +
                                     "</own:Customer>"})));
  }
}

TEST(UnreadWords, ATypeThatIsNoSaleSellsNothing) {
  for (const char* type :
       {"Layaway", "own:Order", "CustomerOrder", "Reservation", "SpecialOrder"}) {
    ExpectStill(Receipt({.transaction = std::string("TransactionType='") + type + "'"}));
    std::string document = Receipt({.transaction = std::string("TransactionType='") + type + "'"});
    for (const char* name : {"<Sale ", "</Sale>"}) {
      document.replace(document.find(name) + (name[1] == '/' ? 2 : 1), 4, "Layaway");
    }
    EXPECT_EQ("reserved 1", Moved(document)) << document;
  }
}

TEST(UnreadWords, WhatDecidesNothingIsLeftAlone) {
  for (const char* reported : {"Version='2.1'",
                               "Note='voided once'",
                               "CancelTimeout='60'",
                               "VoidedLineCount='2'",
                               "Description='Training shoes'",
                               "TaxStatus='Zork'",
                               "Status='Completed'",
                               "Approved='true'",
                               "ReasonCode='Markdown'",
                               "Cashier='Void'",
                               "CouponCode='RETURN10'",
                               "Campaign='CANCEL5'",
                               "StockType='Sellable'",
                               "DeliveredQuantity='1'",
                               "UndeliveredQuantity='0'",
                               "PickedUp='true'",
                               "UpdateStock='true'",
                               "DecrementStock='true'",
                               "FulfillmentType='ShipFromStore'",
                               "DeliveryMethod='Carryout'",
                               "ShippingMethod='HomeDelivery'",
                               "InStock='false'",
                               "ReceiptSent='false'",
                               "IsVoided='false'",
                               "CustomerName='Return'",
                               "OperatorID='VOID'",
                               "Cancelled='0'"}) {
    EXPECT_EQ("on_hand -1", Moved(Receipt({.transaction = reported}))) << reported;
    if (!std::string(reported).starts_with("Status")) {
      EXPECT_EQ("on_hand -1", Moved(Receipt({.goods = reported}))) << reported;
    }
  }
  formats::poslog::Vocabulary words;
  ASSERT_TRUE(words.Teach("flag", "ReceiptStatus", "harmless").ok());
  EXPECT_EQ("on_hand -1", Moved(Receipt({.receipt = "ReceiptStatus='Zork'"}), &words));
}

// Which stock is meant, in a word that nobody knows.
TEST(UnreadWords, AnUnknownBucketIsNotTakenForTheShelf) {
  for (const char* name : {"StockType", "SubInventory", "StockBucket", "InventoryBucket"}) {
    for (const char* other : {"Zork", "Damaged", "S", "3", "Inspection", "Consignment"}) {
      ExpectStill(Receipt({.goods = std::string(name) + "='" + other + "'"}));
      ExpectStill(Inventory("Receiving", "", "<DocumentState>Completed</DocumentState>",
                            Line(std::string(name) + "='" + other + "'", "")));
    }
    for (const char* own : {"Sellable", "ON_HAND", "unrestricted", "Sales Floor"}) {
      EXPECT_EQ(Moved(Receipt({.goods = std::string(name) + "='" + own + "'"})), "on_hand -1")
          << name << own;
    }
  }
  EXPECT_EQ(Moved(Receipt({.goods = "StockCategory='Grocery'"})), "on_hand -1");
  formats::poslog::Vocabulary words;
  ASSERT_TRUE(words.Teach("flag", "StockType", "harmless").ok());
  EXPECT_EQ(Moved(Receipt({.goods = "StockType='Zork'"}), &words), "on_hand -1");
}

// Its stock is not this store's to change.
TEST(UnreadWords, GoodsOfAnotherStoreAreNotSoldHere) {
  for (const char* name :
       {"ShipFromStore", "ShipFromLocation", "FulfillmentStoreID", "SourceStore", "StockLocation",
        "InventoryLocationID", "PickupStoreNumber", "RetailStoreID", "WarehouseID"}) {
    for (const auto& [store, here] : {std::pair{"0077", false}, {"0042", true}, {"42", true}}) {
      const std::string attribute = Attribute({name, store}, "own:");
      const std::string element = Element({name, store});
      for (const std::string& document :
           {Receipt({.line = attribute}), Receipt({.goods = attribute}),
            Receipt({.in_line = element}), Receipt({.in_goods = element}),
            Receipt({.in_goods = Nested(element, 3)})}) {
        EXPECT_EQ(Moved(document), here ? "on_hand -1" : "refused foreign-store") << document;
      }
    }
  }
  ExpectStill(Receipt({.in_line = "<own:ShipFromLocation><own:UnitID>0077</own:UnitID>"
                                  "</own:ShipFromLocation>"}));
  ExpectStill(Receipt({.in_line = "<own:Location><own:StoreID>0077</own:StoreID>"
                                  "</own:Location>"}));
  ExpectStill(Receipt({.goods = "Location='0077'"}));
  ExpectStill(Receipt({.goods = "ShipFromLocation='Berlin'"}));
  // An alias is the store's own name, in whichever of the two the receipt is told.
  formats::poslog::Vocabulary words;
  words.KnowStore("0042");
  words.KnowStore("9521321000421");
  for (const char* own : {"ShipFromStore='9521321000421'", "RetailStoreID='9521321000421'",
                          "FulfillmentStoreID='42'"}) {
    EXPECT_EQ(Moved(Receipt({.goods = own}), &words), "on_hand -1") << own;
  }
  EXPECT_EQ(Moved(Receipt({.goods = "ShipFromStore='9521321000422'"}), &words),
            "refused foreign-store");
  // Places within the store, customers' stores, the receipt that a return goes back to.
  for (const char* other : {"StockLocation='SalesFloor'", "InventoryLocation='7'",
                            "CustomerHomeStore='0077'", "OriginalStoreID='0077'"}) {
    EXPECT_EQ(Moved(Receipt({.goods = other})), "on_hand -1") << other;
  }
}

TEST(UnreadWords, AReturnMayBeCalledOne) {
  for (const Added& added :
       {Added{.transaction = "TransType='Return'"}, Added{.receipt = "ReceiptType='own:Refund'"},
        Added{.line = "Kind='Return'"}, Added{.goods = "Type='Returned'"}}) {
    std::string document = Receipt(added);
    for (const char* name : {"<Sale ", "</Sale>"}) {
      const size_t at = document.find(name);
      document.replace(at + (name[1] == '/' ? 2 : 1), 4, "Return");
    }
    document.replace(document.find(">1.00</Total>"), 13, ">-1.00</Total>");
    EXPECT_EQ("on_hand 1", Moved(document)) << document;
    ExpectStill(Receipt(added));
  }
}

TEST(UnreadWords, ALinkIsALinkWhateverItIsCalled) {
  for (const char* name :
       {"OriginalTransaction", "VoidedTransaction", "TransactionReference", "own:LinkedTransaction",
        "VoidedTransactionLink", "PostVoid", "ReturnedTransaction", "TransactionLinks", "Void"}) {
    const std::string link = "<" + std::string(name) + ">" + kLink + "</" + name + ">";
    for (const Added& added : {Added{.in_transaction = link}, Added{.in_receipt = link},
                               Added{.in_line = link}, Added{.in_goods = link}}) {
      const std::string moved = Moved(Receipt(added));
      EXPECT_TRUE(moved.starts_with("refused") || moved == "on_hand 1") << moved << " " << link;
    }
  }
  const auto link = [](const std::string& attributes) {
    return "<TransactionLink " + attributes + ">" + kLink + "</TransactionLink>";
  };
  for (const char* reason : {"ReasonCode='Zork'", "ReasonCode='Void'", "ReasonCode='Return'", ""}) {
    ExpectStill(Receipt({.in_line = link(reason)}));
    ExpectStill(Receipt({.in_goods = link(reason)}));
  }
  ExpectStill(Receipt({.in_receipt = link("ReasonCode='Return'")}));
  const std::string many = "<TransactionLinks>" + link("ReasonCode='PostVoid'");
  EXPECT_EQ("on_hand 1", Moved(Receipt({.in_receipt = many + "</TransactionLinks>"})));
}

TEST(UnreadWords, ALineOfAnUnknownElementIsNotPassedOver) {
  for (const char* body :
       {"<FuelSale><Grade>95</Grade><Volume>3</Volume></FuelSale>",
        "<own:Forecourt><Litres>30</Litres><Amount>50</Amount></own:Forecourt>",
        "<MerchandiseSale><PLU>1</PLU><Qty>1</Qty></MerchandiseSale>",
        "<Rental><ItemID>1</ItemID></Rental>", "<own:Goods ItemID='A' Quantity='1'/>",
        "<GiftCardActivation><Amount>50</Amount></GiftCardActivation>",
        "<Own><Deeper><ItemID>A</ItemID><Quantity>1</Quantity></Deeper></Own>"}) {
    const std::string line = "<LineItem>" + std::string(body) + "</LineItem>";
    ExpectStill(Receipt({.lines = line}));
    ExpectStill(Receipt({.lines = line, .total = ""}));
  }
  const std::string survey = "<LineItem><own:Survey><Answer>1</Answer></own:Survey></LineItem>";
  EXPECT_EQ("on_hand -1", Moved(Receipt({.lines = survey})));
  EXPECT_EQ("refused unknown-word", Moved(Receipt({.lines = survey, .total = ""})));
}

TEST(UnreadWords, TwoReceiptsInOneTransactionAreRefusedWhateverBecameOfThem) {
  const std::string goods =
      "<LineItem><Sale><ItemID>A</ItemID><ExtendedAmount>1.00</ExtendedAmount>"
      "<Quantity>1</Quantity></Sale></LineItem>";
  const auto body = [&](const char* name, const char* attributes) {
    return "<" + std::string(name) + " " + attributes + ">" + goods + "</" + name + ">";
  };
  const std::string sold = body("RetailTransaction", "");
  for (const std::string& other :
       {body("RetailTransaction", "TransactionStatus='Voided'"), body("SuspendedTransaction", ""),
        body("PostVoidTransaction", ""), body("CustomerOrderTransaction", "VoidFlag='true'"),
        std::string("<RetailTransaction/>")}) {
    EXPECT_EQ("refused unsupported", Moved(Document("", sold + other)));
    EXPECT_EQ("refused unsupported", Moved(Document("", other + sold)));
  }
}

TEST(UnreadWords, AGrandTotalCountsHoweverItIsTold) {
  for (const char* total :
       {"<Total TotalType='own:TransactionGrandAmount' TypeCode='own:Sale'>9</Total>",
        "<Total totalType='TransactionGrandAmount'>9</Total>",
        "<Total Type='Transaction Grand Amount'>9</Total>",
        "<Total TotalType='GrandTotal'>9</Total>",
        "<Total TotalType='TransactionGrandAmount'><Amount>9</Amount></Total>",
        "<Total><TotalType>TransactionGrandAmount</TotalType><Amount>9</Amount></Total>",
        "<Totals><Total TotalType='TransactionGrandAmount'>9</Total></Totals>",
        "<TransactionGrandAmount>9</TransactionGrandAmount>"}) {
    EXPECT_EQ("refused totals-disagree", Moved(Receipt({.total = total}))) << total;
  }
}

TEST(UnreadWords, DecideInInventoryDocuments) {
  const std::string line = Line("", "");
  const auto transfer = [&](const std::string& attributes, const std::string& children) {
    return Inventory("TransferOut", attributes, children, line);
  };
  ASSERT_EQ("on_hand -3", Moved(transfer("", "")));
  for (const Told& reported :
       {Told{"DocumentStatus", "Rejected"}, Told{"document_state", "Draft"},
        Told{"ApprovalStatus", "Rejected"}, Told{"Approved", "false"}, Told{"Posted", "false"},
        Told{"Confirmed", "no"}, Told{"StateCode", "Rejected"}, Told{"Simulation", "true"},
        Told{"DocumentMode", "Simulation"}}) {
    SCOPED_TRACE(reported.name);
    EXPECT_EQ(std::string::npos, Moved(transfer(Attribute(reported, ""), "")).find("on_hand"));
    EXPECT_EQ(std::string::npos, Moved(transfer("", Element(reported))).find("on_hand"));
  }
  const std::string nested = "<DocumentState><Code>Rejected</Code></DocumentState>";
  EXPECT_EQ(std::string::npos, Moved(transfer("", nested)).find("on_hand"));
  for (const Told& reported : {Told{"LineStatus", "Voided"}, Told{"LineItemStatus", "Rejected"},
                               Told{"State", "Cancelled"}, Told{"IsVoided", "1"},
                               Told{"Bin", "own:Damaged"}, Told{"Kind", "expired goods"}}) {
    SCOPED_TRACE(reported.name);
    const auto at = [&](const std::string& attributes, const std::string& children) {
      return Moved(Inventory("TransferOut", "", "", Line(attributes, children))).find("on_hand");
    };
    EXPECT_EQ(std::string::npos, at(Attribute(reported, "own:"), ""));
    EXPECT_EQ(std::string::npos, at("", Element(reported)));
  }
}

TEST(UnreadWords, AnAdjustmentSaysWhichWayStockGoes) {
  const auto adjusted = [](const std::string& head, const std::string& line,
                           const std::string& count) {
    return Moved(Inventory("StockAdjustment", "", head, Line("", line, count)));
  };
  const std::string correction = "<ReasonCode>Correction</ReasonCode>";
  const std::string three = "<UnitCount>3</UnitCount>";
  EXPECT_EQ("refused missing-field", adjusted(correction, "", three));
  EXPECT_EQ("on_hand 3", adjusted(correction, "", "<UnitCount>+3</UnitCount>"));
  EXPECT_EQ("on_hand -3", adjusted(correction, "", "<UnitCount>-3</UnitCount>"));
  for (const char* word : {"Decrease", "OUT", "-", "-1", "own:Minus", "Remove"}) {
    const std::string way = "<Direction>" + std::string(word) + "</Direction>";
    EXPECT_EQ("on_hand -3", adjusted(correction + way, "", three)) << word;
    EXPECT_EQ("on_hand -3", adjusted(correction, way, three)) << word;
    EXPECT_EQ("refused bad-value", adjusted(correction, way, "<UnitCount>+3</UnitCount>")) << word;
  }
  EXPECT_EQ("on_hand 3", adjusted(correction, "<AdjustmentType>Increase</AdjustmentType>", three));
  EXPECT_EQ("on_hand -3", adjusted(correction, "", "<UnitCount Sign='-'>3</UnitCount>"));
  EXPECT_EQ("refused unknown-word", adjusted(correction, "<Sign>Zork</Sign>", three));
  const std::string theft = "<ReasonCode>Theft</ReasonCode>";
  EXPECT_EQ("on_hand -3", adjusted(theft, "", three));
  EXPECT_EQ("refused bad-value", adjusted(theft, "<Direction>In</Direction>", three));
  EXPECT_EQ("refused unsupported", adjusted(correction, theft, "<UnitCount>+3</UnitCount>"));
}

}  // namespace
}  // namespace tillrelay
