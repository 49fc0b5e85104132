// What a maker adds to a POSLog document in its own elements, in every spelling: an attribute, an
// empty element, a pair of a name and a value, as deep as it likes.
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "tests/unit/agent/formats/poslog_documents.h"

namespace tillrelay {
namespace {

using testing::Added, testing::ExpectStill, testing::Inventory, testing::Line, testing::Moved,
    testing::Receipt;

std::string Nested(const std::string& inner, int depth) {
  return depth == 0 ? inner : "<own:Ext>" + Nested(inner, depth - 1) + "</own:Ext>";
}

TEST(PosLogDeeper, AReceiptsOwnNumberIsNoLink) {
  for (const char* own : {"<ReceiptNumber>4711</ReceiptNumber>",
                          "<own:TransactionNumber>1</own:TransactionNumber>"}) {
    EXPECT_EQ("on_hand -1", Moved(Receipt({.in_receipt = own}))) << own;
    EXPECT_EQ("on_hand -1", Moved(Receipt({.in_transaction = own}))) << own;
  }
}

void InEvery(const std::string& inner, const std::function<void(const Added&)>& each) {
  for (const int depth : {1, 2, 5}) {
    const std::string nested = Nested(inner, depth);
    each({.in_transaction = nested});
    each({.in_receipt = nested});
    each({.in_line = nested});
    each({.in_goods = nested});
  }
}

const std::vector<std::string> kSet = {
    "<own:VoidFlag value='true'/>",
    "<own:StatusText>Voided</own:StatusText>",
    "<own:TransactionStatusDescription>Cancelled</own:TransactionStatusDescription>",
    "<own:TransactionStatusID>VOIDED</own:TransactionStatusID>",
    "<own:TransactionTypeName>Training</own:TransactionTypeName>",
    "<own:TransactionTypeDescription>Void Sale</own:TransactionTypeDescription>",
    "<own:LineTypeID>VOID</own:LineTypeID>",
    "<own:LineTypeName>Return</own:LineTypeName>",
    "<own:ItemStatusDescription>Voided</own:ItemStatusDescription>",
    "<own:SupersededBy>99</own:SupersededBy>",
    "<own:Voided val='1'/>",
    "<own:Flag name='Void'>true</own:Flag>",
    "<own:Flag name='VoidFlag' value='true'/>",
    "<own:Flag name='Void'/>",
    "<own:Voided/>",
    "<own:Cancelled/>",
    "<own:Training/>",
    "<own:Void><own:Time>10:00</own:Time></own:Void>",
    "<own:ReturnFlag>true</own:ReturnFlag>",
    "<own:RefundFlag>1</own:RefundFlag>",
    "<own:QuoteFlag>true</own:QuoteFlag>",
    "<own:TestFlag>Y</own:TestFlag>",
    "<own:LayawayFlag>true</own:LayawayFlag>",
    "<own:OwnConsumption>true</own:OwnConsumption>",
    "<own:Undelivered>true</own:Undelivered>",
    "<own:GoodsReturned>yes</own:GoodsReturned>",
    "<own:X GoodsReturned='1'/>",
    "<own:Prop name='VoidFlag' value='true'/>",
    "<own:Prop><own:Name>VoidFlag</own:Name><own:Value>true</own:Value></own:Prop>",
    "<own:Property><own:Key>CancelFlag</own:Key><own:Value>true</own:Value></own:Property>",
    "<own:Property key='Returned'><own:Value>1</own:Value></own:Property>",
    "<own:LineItemProperty><own:LineItemPropertyCode>IS_RETURN</own:LineItemPropertyCode>"
    "<own:LineItemPropertyType>BOOLEAN</own:LineItemPropertyType>"
    "<own:LineItemPropertyValue>true</own:LineItemPropertyValue></own:LineItemProperty>",
    "<own:Props><own:PropertyCode>INVENTORY_MOVEMENT_PENDING</own:PropertyCode>"
    "<own:PropertyValue>true</own:PropertyValue></own:Props>",
    "<own:Props><own:PropertyCode>INVENTORY_MOVEMENT_SUCCESS</own:PropertyCode>"
    "<own:PropertyValue>false</own:PropertyValue></own:Props>",
    "<own:Flags><own:Flag name='Void' value='true'/></own:Flags>"};

const std::vector<std::string> kNotSet = {
    "<own:VoidFlag value='false'/>",
    "<own:Voided val='0'/>",
    "<own:Flag name='Void'>false</own:Flag>",
    "<own:ReturnFlag>false</own:ReturnFlag>",
    "<own:QuoteFlag>N</own:QuoteFlag>",
    "<own:Undelivered>0</own:Undelivered>",
    "<own:Prop name='VoidFlag' value='false'/>",
    "<own:Prop><own:Name>VoidFlag</own:Name><own:Value>0</own:Value></own:Prop>",
    "<own:Prop><own:Name>Void Street</own:Name><own:Value>7 Return Road</own:Value></own:Prop>",
    "<own:Empty/>",
    "<own:VoidReason/>",
    "<own:VoidedItems></own:VoidedItems>",
    "<own:CancelledBy/>",
    "<own:VoidInfo><own:Time/></own:VoidInfo>",
    "<own:Article><own:ItemName>Training shoes</own:ItemName><own:Value>1</own:Value>"
    "</own:Article>",
    "<own:VisitType>Returning</own:VisitType>",
    "<own:ReturnPolicy>30 days</own:ReturnPolicy>",
    "<own:ItemTypeName>Training shoes</own:ItemTypeName>",
    "<own:StateName>Ohio</own:StateName>",
    "<own:TransactionTypeName>Sale</own:TransactionTypeName>",
    "<own:StatusText>Completed at 10:00</own:StatusText>",
    "<own:ReturnableFlag>true</own:ReturnableFlag>",
    "<own:VoidedLineCount>2</own:VoidedLineCount>",
    "<own:VoidInfo><own:Count>0</own:Count></own:VoidInfo>",
    "<own:Props><own:PropertyCode>INVENTORY_MOVEMENT_PENDING</own:PropertyCode>"
    "<own:PropertyValue>false</own:PropertyValue></own:Props>",
    "<own:Props><own:PropertyCode>INVENTORY_MOVEMENT_SUCCESS</own:PropertyCode>"
    "<own:PropertyValue>true</own:PropertyValue></own:Props>",
    "<own:Taxable>true</own:Taxable>",
    "<own:X isTaxable='true'/>",
    "<own:X GiftReceiptFlag='1'/>",
    "<own:Prop name='TaxableIndicator' value='true'/>",
    "<own:Zork>1</own:Zork>",
    "<own:X Zork='1'/>",
    "<own:Zork>false</own:Zork>",
    "<own:ZorkFlag>0</own:ZorkFlag>",
    "<own:Prop name='Colour' value='false'/>"};

TEST(PosLogDeeper, AMarkThatIsSetDecides) {
  for (const std::string& inner : kSet) {
    InEvery(inner, [](const Added& added) { ExpectStill(Receipt(added)); });
  }
}

TEST(PosLogDeeper, OneThatIsNotSetDoesNot) {
  for (const std::string& inner : kNotSet) {
    InEvery(inner,
            [&](const Added& added) { EXPECT_EQ("on_hand -1", Moved(Receipt(added))) << inner; });
  }
}

// Each says true under the name Zork, which nobody knows.
const std::vector<std::string> kUnknown = {
    "<own:Zork>true</own:Zork>",
    "<own:Zork>YES</own:Zork>",
    "<own:Zork>ja</own:Zork>",
    "<own:X Zork='true'/>",
    "<own:X own:Zork='true'>text</own:X>",
    "<own:Zork value='true'/>",
    "<own:Zork val='yes'/>",
    "<own:Zork><own:Value>true</own:Value></own:Zork>",
    "<own:Prop name='Zork' value='true'/>",
    "<own:Prop><own:Key>Zork</own:Key><own:Value>true</own:Value></own:Prop>",
    "<own:Zork id='3'>true</own:Zork>"};

TEST(PosLogDeeper, ATrueThatNobodyKnowsIsRefusedUntilItIsTaught) {
  formats::poslog::Vocabulary taught;
  ASSERT_TRUE(taught.Teach("flag", "Zork", "harmless").ok());
  for (const std::string& inner : kUnknown) {
    InEvery(inner, [&](const Added& added) {
      EXPECT_EQ("refused unknown-word", Moved(Receipt(added))) << inner;
      EXPECT_EQ("on_hand -1", Moved(Receipt(added), &taught)) << inner;
    });
  }
  for (const char* inner : {"<own:ZorkFlag>1</own:ZorkFlag>", "<own:X IsZork='1'/>",
                            "<own:ZorkIndicator>Y</own:ZorkIndicator>"}) {
    InEvery(inner, [&](const Added& added) {
      EXPECT_EQ("refused unknown-word", Moved(Receipt(added))) << inner;
    });
  }
}

// Parts that speak of money, people and papers have flags of their own; what people do with goods,
// and what was taken back, is told there as well.
const char* const kOthers[] = {"Tax",      "Discount",      "RetailPriceModifier", "Customer",
                               "own:Card", "LoyaltyMember", "OperatorID",          "own:TaxInfo"};

TEST(PosLogDeeper, PartsOfOthersSayItToo) {
  for (const std::string part : kOthers) {
    const auto in = [&part](const std::string& inner) {
      return "<" + part + "><own:Code>7</own:Code>" + inner + "</" + part + ">";
    };
    for (const char* inner :
         {"<own:Cancelled>true</own:Cancelled>", "<own:X Voided='1'/>",
          "<own:X><own:NotSold>yes</own:NotSold></own:X>", "<own:VoidFlag>true</own:VoidFlag>",
          "<own:X><own:X TrainingMode='true'/></own:X>"}) {
      for (const std::string& nested : {in(inner), "<own:X>" + in(inner) + "</own:X>"}) {
        ExpectStill(Receipt({.in_transaction = nested}));
        ExpectStill(Receipt({.in_receipt = nested}));
        ExpectStill(Receipt({.in_line = nested}));
        ExpectStill(Receipt({.in_goods = nested}));
      }
    }
    for (const char* inner :
         {"<own:Zork>true</own:Zork>", "<own:Voided>false</own:Voided>", "<own:X Zork='1'/>",
          "<own:CancelReason>true colours</own:CancelReason>", "<own:Vip>yes</own:Vip>"}) {
      EXPECT_EQ("on_hand -1", Moved(Receipt({.in_receipt = in(inner)}))) << in(inner);
      EXPECT_EQ("on_hand -1", Moved(Receipt({.in_goods = in(inner)}))) << in(inner);
    }
  }
}

// The same right below what is read, where its text is a flag or a word of its own.
TEST(PosLogDeeper, AndSoItDoesRightThere) {
  for (const std::string& inner : kSet) {
    ExpectStill(Receipt({.in_transaction = inner}));
    ExpectStill(Receipt({.in_receipt = inner}));
    ExpectStill(Receipt({.in_line = inner}));
    ExpectStill(Receipt({.in_goods = inner}));
  }
}

TEST(PosLogDeeper, InInventoryDocumentsToo) {
  for (const char* inner :
       {"<own:Voided/>", "<own:Void/>", "<own:Void><own:Time>10:00</own:Time></own:Void>",
        "<Flags><Flag name='Void' value='true'/></Flags>", "<own:VoidFlag value='true'/>",
        "<own:Prop><own:Key>CancelFlag</own:Key><own:Value>1</own:Value></own:Prop>",
        "<own:Ext><own:Cancelled/></own:Ext>"}) {
    const auto still = [&](const std::string& document) {
      EXPECT_EQ(std::string::npos, Moved(document).find("on_hand")) << document;
    };
    still(Inventory("TransferOut", "", inner, Line("", "")));
    still(Inventory("TransferOut", "", "", Line("", inner)));
  }
}

}  // namespace
}  // namespace tillrelay
