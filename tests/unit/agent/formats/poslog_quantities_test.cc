// A line tells its quantity in many places: what contradicts it, or says that a part of it did not
// move, is refused by name.
#include <gtest/gtest.h>

#include "tests/unit/agent/formats/poslog_documents.h"

namespace tillrelay {
namespace {

using testing::Document, testing::ExpectStill, testing::Inventory, testing::Line, testing::Moved,
    testing::Receipt;

std::string Sold(const std::string& quantity) { return Receipt({.quantity = quantity}); }

TEST(PosLogQuantities, OfASoldLineDoNotContradict) {
  for (const char* quantity :
       {"<Quantity>1</Quantity><Quantity>2</Quantity>",
        "<Quantity>2</Quantity><Quantity>1</Quantity>",
        "<Quantity UnitOfMeasureCode='EA'>1</Quantity><Quantity "
        "UnitOfMeasureCode='CS'>1</Quantity>",
        "<Quantity UnitOfMeasureCode='KGM'>1</Quantity><Quantity "
        "UnitOfMeasureCode='LBR'>2</Quantity>",
        "<Quantity>1</Quantity><Quantity UnitOfMeasureCode='KGM'>-0.2</Quantity>",
        "<Quantity Units='-1'>1</Quantity>", "<Quantity Units='0'>1</Quantity>",
        "<Quantity Units='2'>1</Quantity>",
        "<Quantity Units='2' UnitOfMeasureCode='CS'>1</Quantity>",
        "<Quantity Units='2' UnitOfMeasureCode='KGM'>1</Quantity>",
        "<Quantity Sign='-'>1</Quantity>", "<Quantity own:sign='minus'>1</Quantity>",
        "<Quantity Action='Subtract'>1</Quantity>", "<Quantity Direction='Zork'>1</Quantity>",
        "<Quantity>1</Quantity><UnitCount>3</UnitCount>",
        "<Quantity>1</Quantity><SoldQuantity>0</SoldQuantity>",
        "<Quantity>1</Quantity><Qty>3</Qty>", "<Quantity>1</Quantity><UnitCount>one</UnitCount>"}) {
    EXPECT_TRUE(Moved(Sold(quantity)).starts_with("refused")) << quantity;
  }
  for (const char* quantity :
       {"<Quantity>1</Quantity><Quantity>1</Quantity>", "<Quantity Units='1'>1</Quantity>",
        "<Quantity UnitOfMeasureCode='EA'>1</Quantity><Quantity "
        "UnitOfMeasureCode='PCE'>1</Quantity>",
        "<Quantity Units='1'>1</Quantity><Quantity UnitOfMeasureCode='KGM'>0.127</Quantity>",
        "<Quantity Units='1.000'>1</Quantity>", "<Quantity Sign='+'>1</Quantity>",
        "<Quantity>1</Quantity><UnitCount>1</UnitCount>", "<Quantity Action='Add'>1</Quantity>"}) {
    EXPECT_EQ("on_hand -1", Moved(Sold(quantity))) << quantity;
  }
}

// The unit of the first line, "refused" where there is none.
std::string UnitIn(const std::string& document) {
  std::string unit = "refused";
  formats::Decoder decoder(nullptr);
  std::string bytes = document;
  const auto error = decoder.Decode(formats::Format::kPosLog, bytes, {}, [&](formats::Item&& item) {
    const auto* event = std::get_if<event::Event>(&item.outcome);
    if (event != nullptr && !event->lines.empty()) unit = event->lines.front().uom;
  });
  EXPECT_FALSE(error) << document;
  return unit;
}

// Cases are no pieces, wherever the unit stands.
TEST(PosLogQuantities, AUnitBesideTheQuantityIsItsUnit) {
  const auto shipped = [](const std::string& parts) {
    return UnitIn(Inventory("TransferOut", "", "", Line("", parts, "<UnitCount>6</UnitCount>")));
  };
  for (const char* name : {"UnitOfMeasureCode", "UnitOfMeasure", "UOM", "QuantityUOM"}) {
    for (const auto& [written, unit] : {std::pair{"KGM", "KGM"}, {"kg", "KGM"}, {"EA", "EA"}}) {
      const std::string own = std::string("<own:") + name + ">" + written + "</own:" + name + ">";
      EXPECT_EQ(UnitIn(Receipt({.in_goods = own})), unit) << own;
      EXPECT_EQ(UnitIn(Receipt({.in_line = own})), unit) << own;
      EXPECT_EQ(UnitIn(Receipt({.goods = "own:" + std::string(name) + "='" + written + "'"})),
                unit);
      EXPECT_EQ(shipped(own), unit) << own;
    }
    const std::string other = std::string("<") + name + ">LTR</" + name + ">";
    EXPECT_EQ(UnitIn(Receipt({.in_goods = other,
                              .quantity = "<Quantity UnitOfMeasureCode='KGM'>1</Quantity>"})),
              "refused")
        << other;
  }
  for (const char* name : {"Unit", "SalesUnit", "SellingUOM", "Einheit"}) {
    const auto element = [name](const char* unit) {
      return std::string("<") + name + ">" + unit + "</" + name + ">";
    };
    EXPECT_EQ(UnitIn(Receipt({.in_goods = element("KG")})), "refused") << name;
    EXPECT_EQ(shipped(element("CT")), "refused") << name;
    EXPECT_EQ(UnitIn(Receipt({.in_goods = element("EA")})), "EA") << name;
    EXPECT_EQ(UnitIn(Receipt({.in_goods = element("17")})), "EA") << "a department";
  }
}

// Amounts have a sign of their own in the same way.
TEST(PosLogQuantities, AnAmountWithASignBesideItIsNotGuessedAt) {
  std::string document = Receipt({});
  const std::string amount = "<ExtendedAmount";
  document.insert(document.find(amount) + amount.size(), " Sign='-'");
  ExpectStill(document);
}

constexpr const char* kNotMoved[] = {"Voided",   "Returned", "Cancelled",   "Canceled", "Refunded",
                                     "Reversed", "Rejected", "Undelivered", "Missing",  "Refused"};

TEST(PosLogQuantities, APartThatDidNotMoveIsRefused) {
  for (const char* what : kNotMoved) {
    for (const char* of : {"Quantity", "UnitCount", "Qty", "Units"}) {
      const std::string name = std::string(what) + of;
      const auto element = [&](const char* number) {
        return "<own:" + name + ">" + number + "</own:" + name + ">";
      };
      ExpectStill(Receipt({.in_goods = element("3")}));
      ExpectStill(Receipt({.in_line = element("3")}));
      ExpectStill(Receipt({.goods = name + "='3'"}));
      ExpectStill(Receipt({.in_goods = "<own:X>" + element("1") + "</own:X>"}));
      EXPECT_EQ("on_hand -1", Moved(Receipt({.in_goods = element("0.00")}))) << name;
      for (const char* type : {"TransferOut", "TransferIn"}) {
        const auto moved = [&](const char* number) {
          std::string document = Inventory(type, "", "", Line("", element(number)));
          if (type == std::string("TransferIn")) {
            document.replace(document.find(">0042</SourceRetail"), 5, ">0018");
            document.replace(document.find(">0018</DestinationRetail"), 5, ">0042");
          }
          return Moved(document);
        };
        EXPECT_TRUE(moved("2").starts_with("refused")) << type << name;
        EXPECT_NE(std::string::npos, moved("0").find("on_hand")) << moved("0") << type << name;
      }
    }
  }
}

TEST(PosLogQuantities, OfAnInventoryLineDoNotContradict) {
  const auto shipped = [](const std::string& counts) {
    return Moved(Inventory("TransferOut", "", "", Line("", "", counts)));
  };
  for (const char* counts :
       {"<UnitCount>6</UnitCount><ShippedUnitCount>4</ShippedUnitCount>",
        "<UnitCount>6</UnitCount><UnitCount>4</UnitCount>",
        "<UnitCount>6</UnitCount><Quantity>5</Quantity>",
        "<Quantity>6</Quantity><ShippedQuantity>5</ShippedQuantity>",
        "<ShippedUnitCount>6</ShippedUnitCount><ShippedQuantity>5</ShippedQuantity>",
        "<UnitCount UnitOfMeasureCode='EA'>6</UnitCount>"
        "<UnitCount UnitOfMeasureCode='CS'>6</UnitCount>",
        "<UnitCount Units='2'>6</UnitCount>", "<UnitCount Sign='-'>6</UnitCount>"}) {
    EXPECT_TRUE(shipped(counts).starts_with("refused")) << shipped(counts) << counts;
  }
  EXPECT_EQ("on_hand -6",
            shipped("<UnitCount>6</UnitCount><ShippedUnitCount>6</ShippedUnitCount>"));
  EXPECT_EQ("on_hand -6", shipped("<UnitCount>6</UnitCount><Quantity>6.0</Quantity>"));
  const auto arrived = [](const std::string& counts) {
    return Moved(Document("",
                          "<InventoryControlTransaction><SerialFormID>1</SerialFormID>"
                          "<DocumentTypeCode>Receiving</DocumentTypeCode>"
                          "<SourceRetailStoreID>0018</SourceRetailStoreID>" +
                              Line("", "", counts) + "</InventoryControlTransaction>"));
  };
  EXPECT_EQ("on_hand 6", arrived("<UnitCount>6</UnitCount><AcceptedUnitCount>6"
                                 "</AcceptedUnitCount>"));
  for (const char* counts :
       {"<UnitCount>6</UnitCount><AcceptedQuantity>0</AcceptedQuantity>",
        "<ReceivedUnitCount>6</ReceivedUnitCount><AcceptedUnitCount>5</AcceptedUnitCount>"}) {
    EXPECT_TRUE(arrived(counts).starts_with("refused")) << counts;
  }
  const auto counted = [](const std::string& counts) {
    return Moved(Inventory("StockCount", "", "", Line("", "", counts)));
  };
  EXPECT_TRUE(counted("<UnitCount>6</UnitCount><UnitCount>4</UnitCount>").starts_with("refused"));
  EXPECT_TRUE(counted("<CountedUnitCount>6</CountedUnitCount><CountedQuantity>4</CountedQuantity>")
                  .starts_with("refused"));
}

}  // namespace
}  // namespace tillrelay
