// What one reading of a POSLog document would pass over: a second telling, a number that an element
// tears apart, a factor, a sign or a unit beside a number, and words of other languages.
#include <gtest/gtest.h>

#include "tests/unit/agent/formats/poslog_documents.h"

namespace tillrelay {
namespace {

using testing::Added, testing::ExpectStill, testing::Inventory, testing::Line, testing::Moved,
    testing::Receipt, testing::Replaced;

TEST(PosLogToldTwice, WhatIsToldTwiceDifferentlyIsRefused) {
  const std::string document = Receipt(
      {.lines = "<LineItem><Tender TenderType='Cash'><Amount>1.00</Amount></Tender></LineItem>"});
  for (const std::string one :
       {"<ItemID>A</ItemID>", "<ExtendedAmount>1.00</ExtendedAmount>", "<Amount>1.00</Amount>",
        "<RetailStoreID>0042</RetailStoreID>", "<WorkstationID>1</WorkstationID>",
        "<BusinessDayDate>2026-11-21</BusinessDayDate>", "<Quantity>1</Quantity>",
        "<EndDateTime>2026-11-21T10:00:00</EndDateTime>"}) {
    const size_t name_end = one.find('>');
    const std::string other = one.substr(0, name_end + 1) + "7" + one.substr(one.find("</"));
    EXPECT_EQ("refused bad-value", Moved(Replaced(document, one, one + other))) << one;
    EXPECT_EQ("refused bad-value", Moved(Replaced(document, one, other + one))) << one;
    EXPECT_EQ("on_hand -1", Moved(Replaced(document, one, one + one))) << one;
  }
  // Attributes tell two identifiers apart.
  EXPECT_EQ("on_hand -1", Moved(Replaced(document, "<ItemID>A</ItemID>",
                                         "<ItemID>A</ItemID><ItemID Type='PLU'>7</ItemID>")));
  for (const char* inner : {"<ItemID>U</ItemID>"}) {
    ExpectStill(Inventory("TransferOut", "", "", Line("", inner)));
  }
  for (const char* inner : {"<SerialFormID>2</SerialFormID>",
                            "<DestinationRetailStoreID>0019</DestinationRetailStoreID>",
                            "<SourceRetailStoreID>0019</SourceRetailStoreID>"}) {
    EXPECT_EQ(std::string::npos,
              Moved(Inventory("TransferOut", "", inner, Line("", ""))).find("on_hand"));
  }
}

TEST(PosLogToldTwice, AnElementInsideOfATextTearsItApart) {
  for (const char* torn : {"1<own:y/>0", "1<own:y>0</own:y>0", "-<own:y/>1", "1<own:y/>.5"}) {
    ExpectStill(Receipt({.quantity = "<Quantity>" + std::string(torn) + "</Quantity>"}));
    ExpectStill(Receipt(
        {.total = "<Total TotalType='TransactionGrandAmount'>" + std::string(torn) + "</Total>"}));
  }
  ExpectStill(Receipt({.in_line = "<Status><own:y/>Voided</Status>"}));
  ExpectStill(Receipt({.in_line = "<Status>Vo<own:y/>ided</Status>"}));
  ExpectStill(Receipt({.in_line = "<own:Status><own:y/>Voided</own:Status>"}));
  // Comments and sections are no elements.
  EXPECT_EQ("on_hand -1", Moved(Receipt({.quantity = "<Quantity><!-- 7 -->1</Quantity>"})));
  EXPECT_EQ("on_hand -1", Moved(Receipt({.quantity = "<Quantity><![CDATA[1]]></Quantity>"})));
  EXPECT_EQ("on_hand -1", Moved(Receipt({.quantity = "<Quantity>&#49;</Quantity>"})));
  EXPECT_EQ("on_hand -10", Moved(Receipt({.quantity = "<Quantity>1<!-- x -->0</Quantity>"})));
}

TEST(PosLogToldTwice, AFactorASignOrAUnitBesideTheNumberCounts) {
  for (const char* mark : {"own:Factor='6'", "Multiplier='12'", "own:QuantityFactor='0'",
                           "Sign='-'", "own:Direction='IN'", "own:Vorzeichen='minus'"}) {
    ExpectStill(Receipt({.line = mark}));
    ExpectStill(Receipt({.goods = mark}));
    ExpectStill(Receipt({.quantity = "<Quantity " + std::string(mark) + ">1</Quantity>"}));
  }
  for (const char* mark : {"own:UOM='KGM'", "UnitOfMeasure='KGM'", "own:UnitCode='DZN'"}) {
    ExpectStill(Receipt({.quantity = "<Quantity " + std::string(mark) + ">1</Quantity>"}));
    ExpectStill(Inventory("TransferOut", "", "",
                          Line("", "", "<UnitCount " + std::string(mark) + ">3</UnitCount>")));
  }
  ExpectStill(Receipt({.in_goods = "<own:Factor>6</own:Factor>"}));
  ExpectStill(Inventory("TransferOut", "", "", Line("Factor='6'", "")));
  ExpectStill(Receipt({.in_goods = "<own:QuantitySold>2</own:QuantitySold>"}));
  for (const char* mark :
       {"own:Factor='1'", "Multiplier='1.000'", "Sign='+'", "own:UOM='EA'", "own:Unit='PCE'"}) {
    EXPECT_EQ("on_hand -1",
              Moved(Receipt({.quantity = "<Quantity " + std::string(mark) + ">1</Quantity>"})))
        << mark;
  }
}

TEST(PosLogToldTwice, WordsOfOtherLanguagesDecideToo) {
  for (const char* word : {"storniert", "Annul\xC3\xA9", "Annullato", "Anulado", "Geannuleerd",
                           "Zru\xC5\xA1"
                           "eno",
                           "iptal", "\xD0\x9E\xD1\x82\xD0\xBC\xD0\xB5\xD0\xBD\xD1\x91\xD0\xBD",
                           "\xE5\x8F\x96\xE6\xB6\x88", "Retour", "iade", "zwrot"}) {
    const std::string deep = "<own:E><own:Stav>" + std::string(word) + "</own:Stav></own:E>";
    const std::string mark = "own:Stav='" + std::string(word) + "'";
    ExpectStill(Receipt({.transaction = mark}));
    ExpectStill(Receipt({.receipt = mark}));
    ExpectStill(Receipt({.line = mark}));
    ExpectStill(Receipt({.goods = mark}));
    ExpectStill(Receipt({.in_goods = deep}));
  }
  for (const char* flag :
       {"own:Annul\xC3\xA9='oui'", "own:Geannuleerd='ja'",
        "own:\xE5\x8F\x96\xE6\xB6\x88='\xE6\x98\xAF'",
        "own:\xD0\x9E\xD1\x82\xD0\xBC\xD0\xB5\xD0\xBD\xD1\x91\xD0\xBD='\xD0\xB4\xD0\xB0'",
        "CancelFlag='vero'", "VoidFlag='tak'", "own:Paid='no'", "own:Bezahlt='nein'",
        "own:Live='false'", "own:Complete='0'", "own:NotShipped='1'"}) {
    ExpectStill(Receipt({.receipt = flag}));
    ExpectStill(Receipt({.line = flag}));
    ExpectStill(Receipt({.goods = flag}));
  }
  for (const char* harmless :
       {"own:Colour='Rosso'", "own:Note='Retourpfand inklusive'", "own:Brand='Voila'",
        "own:Paid='yes'", "own:Live='true'", "own:Lane='Exchange'"}) {
    EXPECT_EQ("on_hand -1", Moved(Receipt({.goods = harmless}))) << harmless;
  }
}

}  // namespace
}  // namespace tillrelay
