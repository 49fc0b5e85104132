// EPCIS 2.0: what a shop tells about its goods, in every spelling of GS1's names.
#include <gtest/gtest.h>

#include <filesystem>

#include "agent/formats/epcis.h"
#include "agent/formats/gs1_names.h"
#include "common/event/draft.h"
#include "tests/support/golden.h"

namespace tillrelay {
namespace {

using formats::Format;
using testing::Decode;
using testing::ReadGolden;

const event::Shop& OurShop() {
  static const event::Shop shop{
      "0042", {"9521321000421"}, event::StoreZone::Load("Europe/Berlin").value()};
  return shop;
}

event::Draft DraftOf(const std::string& document, size_t index) {
  auto decoded = Decode(Format::kEpcis, document);
  EXPECT_FALSE(decoded.error);
  auto* event = std::get_if<event::Event>(&decoded.items.at(index).outcome);
  EXPECT_NE(nullptr, event);
  auto draft = event::MakeDraft(std::move(*event), OurShop());
  const auto* refused = std::get_if<event::Rejection>(&draft);
  EXPECT_EQ(nullptr, refused) << (refused == nullptr ? "" : refused->field + ": " + refused->hint);
  return std::get<event::Draft>(std::move(draft));
}

TEST(Epcis, ShopEventsBecomeDraftsOfThisStore) {
  const std::string document = ReadGolden("epcis/shop.json");
  const struct {
    event::Kind kind;
    const char* subject;
    const char* effect;
  } expected[] = {
      {event::Kind::kSale, "register/03/2026-11-22/004711",
       R"({"on_hand:EA":"-3","on_hand:KGM":"-0.42"})"},
      {event::Kind::kReturn, "register/03/2026-11-22/004712", R"({"on_hand:EA":"1"})"},
      {event::Kind::kTransferShipped, "transfer/TR-318",
       R"({"on_hand:EA":"-6","in_transit:EA":"6"})"},
      {event::Kind::kTransferReceived, "transfer/TR-99",
       R"({"on_hand:EA":"5","in_transit:EA":"-5"})"},
      {event::Kind::kTransferVoided, "transfer/TR-318",
       R"({"on_hand:EA":"6","in_transit:EA":"-6"})"},
      {event::Kind::kStockCounted, "count/00000000-0000-4000-8000-000000000006", ""},
      {event::Kind::kStockAdjusted, "adjustment/00000000-0000-4000-8000-000000000007",
       R"({"on_hand:EA":"-1","damaged:EA":"1"})"},
      {event::Kind::kStockAdjusted, "adjustment/00000000-0000-4000-8000-000000000008",
       R"({"on_hand:EA":"-2"})"},
      {event::Kind::kStockAdjusted, "adjustment/00000000-0000-4000-8000-000000000009",
       R"({"on_hand:EA":"-1"})"},
  };
  size_t index = 0;
  for (const auto& [kind, subject, effect] : expected) {
    SCOPED_TRACE(subject);
    const event::Draft draft = DraftOf(document, index++);
    EXPECT_EQ(kind, draft.kind);
    EXPECT_EQ(subject, draft.subject);
    EXPECT_NE(std::string::npos, draft.data.find(effect)) << draft.data;
  }
}

TEST(Epcis, WhatIsNotAShopsStockIsRefusedByField) {
  const auto decoded = Decode(Format::kEpcis, ReadGolden("epcis/shop.json"));
  const char* fields[] = {
      "bizStep",         "readPoint.id", "quantityList[0].epcClass", "quantityList[0].quantity",
      "destinationList", "epcList"};
  size_t index = 9;
  for (const char* field : fields) {
    const auto* refused = std::get_if<event::Rejection>(&decoded.items.at(index).outcome);
    ASSERT_NE(nullptr, refused) << index;
    EXPECT_EQ(field, refused->field) << index;
    EXPECT_FALSE(decoded.items[index].excerpt.empty());
    ++index;
  }
}

TEST(Epcis, EveryPublicSampleIsMappedOrRefusedWithAReason) {
  size_t files = 0, events = 0;
  for (const char* folder : {"capture", "query", "invalid"}) {
    const std::string path = std::string("epcis/openepcis/") + folder;
    for (const auto& entry : std::filesystem::directory_iterator(testing::GoldenPath(path))) {
      const std::string name = entry.path().filename().string();
      if (!name.ends_with(".json")) continue;
      SCOPED_TRACE(name);
      const auto decoded = Decode(Format::kEpcis, ReadGolden(path + "/" + name));
      EXPECT_FALSE(decoded.error) << decoded.error->what;
      ++files;
      for (const auto& item : decoded.items) {
        ++events;
        const auto* refused = std::get_if<event::Rejection>(&item.outcome);
        if (refused == nullptr) continue;
        EXPECT_FALSE(refused->reason.empty());
        EXPECT_FALSE(refused->hint.empty());
      }
    }
  }
  EXPECT_EQ(58u, files);
  EXPECT_GT(events, files / 2);
}

TEST(Epcis, CutDocumentsGiveNothing) {
  const std::string document = ReadGolden("epcis/shop.json");
  for (size_t size = 0; size + 2 < document.size(); ++size) {
    const auto decoded = Decode(Format::kEpcis, document.substr(0, size));
    ASSERT_TRUE(decoded.error) << size;
    ASSERT_TRUE(decoded.items.empty());
  }
}

TEST(Epcis, FilesAreRecognisedByTheirContext) {
  EXPECT_EQ(Format::kEpcis, formats::Sniff(ReadGolden("epcis/shop.json"), "a.json"));
  EXPECT_EQ(Format::kJson, formats::Sniff(ReadGolden("canonical/sale.json"), "a.json"));
  EXPECT_EQ(Format::kEpcis, formats::ByContentType("application/ld+json; charset=utf-8"));
}

TEST(Gs1Names, TradeItemsInEverySpelling) {
  // Examples of the EPC Tag Data Standard and of GS1 Digital Link.
  EXPECT_EQ("10614141073464", formats::TradeItemOf("urn:epc:id:sgtin:0614141.107346.2017").gtin);
  EXPECT_EQ("2017", formats::TradeItemOf("urn:epc:id:sgtin:0614141.107346.2017").serial);
  EXPECT_EQ("10614141073464", formats::TradeItemOf("urn:epc:idpat:sgtin:0614141.107346.*").gtin);
  EXPECT_EQ("", formats::TradeItemOf("urn:epc:idpat:sgtin:0614141.107346.*").serial);
  EXPECT_EQ("04012345999990",
            formats::TradeItemOf("https://id.gs1.de/01/04012345999990/21/XYZ-1234").gtin);
  for (const char* other : {"", "urn:epc:id:sscc:0614141.1234567890", "urn:epc:id:sgtin:1.2",
                            "https://id.gs1.de/01/04012345999991", "urn:epc:id:sgtin:a.b.c"}) {
    EXPECT_EQ("", formats::TradeItemOf(other).gtin) << other;
  }
}

TEST(Gs1Names, PlacesAndWords) {
  EXPECT_EQ("0614141073467", formats::PlaceOf("urn:epc:id:sgln:0614141.07346.1234").gln);
  EXPECT_EQ("1234", formats::PlaceOf("urn:epc:id:sgln:0614141.07346.1234").extension);
  EXPECT_EQ("", formats::PlaceOf("urn:epc:id:sgln:0614141.07346.0").extension);
  EXPECT_EQ("4012345000115", formats::PlaceOf("https://id.gs1.de/414/4012345000115").gln);
  EXPECT_EQ("", formats::PlaceOf("https://id.gs1.de/414/4012345000116").gln);
  for (const char* spelling :
       {"shipping", "urn:epcglobal:cbv:bizstep:shipping",
        "https://ref.gs1.org/cbv/BizStep-shipping", "cbv:BizStep-shipping"}) {
    EXPECT_EQ("shipping", formats::CbvWord(spelling, "bizstep", "BizStep")) << spelling;
  }
  EXPECT_EQ("", formats::CbvWord("https://example.com/bizStep/shipping", "bizstep", "BizStep"));
}

}  // namespace
}  // namespace tillrelay
