// EPCIS 2.0: what a shop tells about its goods, in every spelling of GS1's names.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>

#include "agent/formats/epcis.h"
#include "agent/formats/epcis_words.h"
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

TEST(Epcis, AUnitThatIsNoTextIsNotTakenForPieces) {
  const std::string golden(ReadGolden("epcis/shop.json"));
  const std::string unit = R"("uom": "KGM")";
  ASSERT_NE(golden.find(unit), std::string::npos);
  for (const char* other : {"5", "true", "null", "{}", "[\"KGM\"]", "\"Zork\""}) {
    std::string document = golden;
    document.replace(document.find(unit), unit.size(), std::string(R"("uom": )") + other);
    const auto decoded = Decode(Format::kEpcis, document);
    const auto* refused = std::get_if<event::Rejection>(&decoded.items.at(0).outcome);
    ASSERT_NE(nullptr, refused) << other;
    EXPECT_EQ("quantityList[1].uom", refused->field) << other;
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

// A document of one event with these words.
std::string Words(std::string_view step, std::string_view state, std::string_view action,
                  const std::string& more = {}) {
  const auto member = [](const char* name, std::string_view word) {
    return word.empty() ? std::string()
                        : "\"" + std::string(name) + "\":\"" + std::string(word) + "\",";
  };
  return R"({"@context":"x","type":"ObjectEvent","eventID":"urn:uuid:1",)"
         R"("eventTime":"2026-11-21T17:42:08+01:00","eventTimeZoneOffset":"+01:00",)"
         R"("readPoint":{"id":"urn:epc:id:sgln:9521321.00042.03"},)"
         R"("bizTransactionList":[{"type":"desadv","bizTransaction":"urn:x:T1"},)"
         R"({"type":"inv","bizTransaction":"urn:x:4711"}],)"
         R"("sourceList":[{"type":"location","source":"urn:epc:id:sgln:9521321.00017.0"}],)"
         R"("destinationList":[{"type":"location",)"
         R"("destination":"urn:epc:id:sgln:9521321.00017.0"}],)" +
         member("bizStep", step) + member("disposition", state) + member("action", action) + more +
         R"("quantityList":[{"epcClass":"urn:epc:idpat:sgtin:9521234.000001.*","quantity":5}]})";
}

std::string Told(const std::string& document) {
  auto decoded = Decode(Format::kEpcis, document);
  if (decoded.error) return decoded.error->what;
  auto& outcome = decoded.items.at(0).outcome;
  if (const auto* why = std::get_if<event::Rejection>(&outcome)) return "refused " + why->field;
  auto event = std::get<event::Event>(outcome);
  const auto draft = event::DraftFrom(&event, OurShop());
  if (const auto* why = std::get_if<event::Rejection>(&draft)) return "refused " + why->field;
  std::string text(event::KindWord(event.kind));
  for (const auto& line : event.lines) {
    if (line.counted) text += " " + line.bucket + " = " + line.counted->Text();
    for (const auto& effect : line.stock_effect) {
      if (effect.bucket != "in_transit") text += " " + effect.bucket + " " + effect.delta->Text();
    }
  }
  return text;
}

TEST(Epcis, OnlyWordsOfTheTableMeanSomething) {
  std::set<std::string_view> steps = {"packing", "Zork", "urn:own:bizstep:receiving"};
  std::set<std::string_view> states = {"in_transport", "unknown",   "Zork",
                                       "reserved",     "dispensed", "urn:own:disp:damaged",
                                       "retail_sold"};
  std::set<std::pair<std::string_view, std::string_view>> known;
  for (const auto& rule : formats::EpcisRules()) {
    steps.insert(rule.step);
    states.insert(rule.disposition);
    known.emplace(rule.step, rule.disposition);
  }
  for (const auto step : steps) {
    for (const auto state : states) {
      SCOPED_TRACE(std::string(step) + " with " + std::string(state));
      const std::string reported = Told(Words(step, state, "OBSERVE"));
      EXPECT_EQ(!known.contains({step, state}), reported.starts_with("refused")) << reported;
    }
  }
}

TEST(Epcis, GoodsThatCannotBeSoldAreNeverOnHand) {
  for (const char* state : {"damaged", "expired", "recalled", "needs_replacement", "non_conformant",
                            "non_sellable_other"}) {
    EXPECT_EQ("transfer_received damaged 5", Told(Words("receiving", state, "OBSERVE"))) << state;
    const std::string persistent =
        R"("persistentDisposition":{"set":[")" + std::string(state) + R"("]},)";
    EXPECT_EQ("transfer_received damaged 5",
              Told(Words("receiving", "in_progress", "OBSERVE", persistent)))
        << state;
    EXPECT_EQ("refused persistentDisposition",
              Told(Words("shipping", "in_transit", "OBSERVE", persistent)));
  }
  EXPECT_EQ("refused bizStep", Told(Words("receiving", "stolen", "OBSERVE")));
  EXPECT_EQ(
      "refused persistentDisposition",
      Told(Words("receiving", "", "OBSERVE", R"("persistentDisposition":{"set":["Zork"]},)")));
  EXPECT_EQ("transfer_received on_hand 5", Told(Words("receiving", "in_progress", "OBSERVE")));
  EXPECT_EQ("stock_counted damaged = 5", Told(Words("stock_taking", "damaged", "OBSERVE")));
}

TEST(Epcis, WhatAMakerAddsMayForbidIt) {
  const auto with = [](const std::string& more) {
    return Told(Words("retail_selling", "retail_sold", "OBSERVE", more));
  };
  for (const char* more :
       {R"("acme:voided":true,)", R"("acme:anything":true,)", R"("acme:status":"cancelled",)",
        R"("acme:cancelledAt":"2026-11-21",)", R"("acme:training":1,)", R"("acme:kind":"Refund",)",
        R"("acme:pos":{"acme:state":"VOIDED"},)", R"("acme:pos":{"trainingMode":true},)"}) {
    EXPECT_TRUE(with(more).starts_with("refused acme:") || with(more) == "refused trainingMode")
        << more << with(more);
  }
  for (const char* more :
       {R"("acme:voided":false,)", R"("acme:clerk":"Anna",)", R"("acme:till":7,)",
        R"("acme:pos":{"acme:version":"1.2"},)", R"("acme:training":0,)"}) {
    EXPECT_EQ("sale on_hand -5", with(more)) << more;
  }
  EXPECT_TRUE(Told(Words("accepting", "returned", "OBSERVE", R"("acme:reason":"return",)"))
                  .starts_with("return"))
      << "a return may say so";
}

// What says that nothing was sold, wherever a maker may put it.
const char* const kTakenBack[] = {
    R"("ex:voided":true)",
    R"("ex:didNotOccur":"true")",
    R"("ex:voidedQuantity":2)",
    R"("ex:returned":true)",
    R"("ex:flags":["voided"])",
    R"("ex:flags":["a",{"ex:b":[["x","cancelled"]]}])",
    R"("ex:status":"cancelled")",
    R"("ex:state":"pending")",
    R"("ex:mode":"test")",
    R"("ex:orderType":"layaway")",
    R"("ex:test":true)",
    R"("ex:corrects":"urn:uuid:7")",
    R"("ex:replaces":"urn:uuid:7")",
    R"("ex:paid":"no")",
    R"("ex:direction":"inbound")",
    R"("correctiveEventIDs":["urn:uuid:7"])",
    R"("epcis:errorDeclaration":{"declarationTime":"2026-11-21T10:00:00Z"})",
    R"("ex:errorDeclaration":{"reason":"x"})",
    R"("voided":true)"};
const char* const kHarmless[] = {
    R"("ex:clerk":"Anna")",    R"("ex:voided":false)",         R"("ex:flags":["fresh","cold"])",
    R"("ex:lotNumber":"X-1")", R"("ex:mode":"normal")",        R"("ex:status":"completed")",
    R"("ex:lines":[1,2,3])",   R"("ex:direction":"outbound")", R"("ex:line":"1")"};

// A document of one sale with a member in one of its parts.
std::string Sold(const std::string& place, const std::string& member) {
  const auto in = [&](const char* part) { return place == part ? member + "," : std::string(); };
  const std::string event =
      R"({)" + in("event") +
      R"("type":"ObjectEvent","eventID":"urn:uuid:1",)"
      R"("eventTime":"2026-11-21T17:42:08+01:00","eventTimeZoneOffset":"+01:00",)"
      R"("action":"OBSERVE","bizStep":"retail_selling","disposition":"retail_sold",)"
      R"("readPoint":{)" +
      in("readPoint") +
      R"("id":"urn:epc:id:sgln:9521321.00042.03"},)"
      R"("bizTransactionList":[{)" +
      in("bizTransaction") +
      R"("type":"inv","bizTransaction":"urn:x:4711"}],)"
      R"("ex:pos":{"ex:deep":[{)" +
      in("deep") +
      R"("ex:a":1}]},)"
      R"("ilmd":{)" +
      in("ilmd") +
      R"("ex:b":1},)"
      R"("quantityList":[{)" +
      in("quantityList") + R"("epcClass":"urn:epc:idpat:sgtin:9521234.000001.*","quantity":5}]})";
  return R"({"@context":"x",)" + in("document") + R"("type":"EPCISDocument","epcisHeader":{)" +
         in("header") + R"("ex:c":1},"epcisBody":{)" + in("body") + R"("eventList":[)" + event +
         "]}}";
}

TEST(Epcis, WhatSaysThatNothingWasSoldRefusesWhereverItStands) {
  for (const char* place : {"event", "readPoint", "bizTransaction", "deep", "ilmd", "quantityList",
                            "document", "header", "body"}) {
    for (const std::string member : kTakenBack) {
      const std::string reported = Told(Sold(place, member));
      EXPECT_TRUE(reported.starts_with("refused ")) << place << " " << member << ": " << reported;
      // The same of a document that is read event by event.
      formats::Limits small;
      std::string big = Sold(place, member);
      const std::string master = R"("epcisMasterData":{"a":")" + std::string(900, '.') + "\"},";
      const std::string at_header = R"("epcisHeader":{)";
      big.insert(big.find(at_header) + at_header.size(), master);
      small.event_bytes = big.size() - 1;
      const auto decoded = Decode(Format::kEpcis, big, small);
      ASSERT_EQ(1u, decoded.items.size());
      EXPECT_TRUE(std::holds_alternative<event::Rejection>(decoded.items[0].outcome))
          << place << " " << member;
    }
    for (const std::string member : kHarmless) {
      EXPECT_EQ("sale on_hand -5", Told(Sold(place, member))) << place << " " << member;
    }
  }
}

TEST(Epcis, WhatStandsAroundTheEventsOfALargeDocumentIsBounded) {
  for (const bool master : {true, false}) {
    std::string big = Sold("", "");
    const std::string at = R"("epcisHeader":{)";
    big.insert(big.find(at) + at.size(),
               (master ? R"("epcisMasterData":{"a":")" : R"("x":{"a":")") + std::string(4000, '.') +
                   "\"},");
    formats::Limits small;
    small.event_bytes = 2000;
    const auto decoded = Decode(Format::kEpcis, big, small);
    ASSERT_FALSE(decoded.error) << decoded.error->what;
    ASSERT_EQ(1u, decoded.items.size());
    EXPECT_EQ(master, std::holds_alternative<event::Event>(decoded.items[0].outcome));
  }
}

TEST(Epcis, DocumentsBesideTheReceiptAndOtherWordsMayContradict) {
  const std::string sold = Sold("", "");
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = sold;
    const size_t at = text.find(from);
    EXPECT_NE(std::string::npos, at) << from;
    return Told(text.replace(at, from.size(), to));
  };
  EXPECT_EQ("sale on_hand -5", Told(sold));
  const std::string inv = R"({"type":"inv","bizTransaction":"urn:x:4711"})";
  for (const char* other : {R"({"type":"rma","bizTransaction":"urn:x:1"})",
                            R"({"type":"ex:voidOf","bizTransaction":"urn:x:1"})",
                            R"({"type":"urn:ex:returnFor","bizTransaction":"urn:x:1"})",
                            R"({"type":"inv","bizTransaction":"urn:x:4712"})"}) {
    for (const std::string& list : {inv + "," + other, other + ("," + inv)}) {
      EXPECT_EQ("refused bizTransactionList", with(inv, list)) << list;
    }
  }
  EXPECT_EQ("sale on_hand -5", with(inv, inv + "," + inv));
  EXPECT_EQ("sale on_hand -5", with(inv, inv + R"(,{"type":"po","bizTransaction":"urn:x:1"})"));
  EXPECT_EQ("sale on_hand -5", with(R"("action":"OBSERVE",)", ""));
  const std::string type = R"("type":"ObjectEvent")", action = R"("action":"OBSERVE")";
  EXPECT_EQ("sale on_hand -5", with(type, R"("type":"TransactionEvent")"));
  std::string gone = sold;
  gone.replace(gone.find(type), type.size(), R"("type":"TransactionEvent")");
  gone.replace(gone.find(action), action.size(), R"("action":"DELETE")");
  EXPECT_EQ("refused action", Told(gone));
  for (const char* unset : {R"(["retail_sold"])", R"(["urn:epcglobal:cbv:disp:retail_sold"])",
                            R"(["in_transit","cbv:Disp-retail_sold"])", R"("retail_sold")"}) {
    const std::string more = R"("persistentDisposition":{"unset":)" + std::string(unset) + "}";
    EXPECT_TRUE(Told(Sold("event", more)).starts_with("refused persistentDisposition.unset"))
        << unset;
  }
  EXPECT_EQ("sale on_hand -5",
            Told(Sold("event", R"("persistentDisposition":{"unset":["in_transit"]})")));
}

TEST(Epcis, SellingAndShippingNeedTheirOwnDisposition) {
  EXPECT_EQ("sale on_hand -5", Told(Words("retail_selling", "retail_sold", "OBSERVE")));
  EXPECT_EQ("refused bizStep", Told(Words("retail_selling", "", "OBSERVE")));
  EXPECT_EQ("refused bizStep", Told(Words("retail_selling", "returned", "OBSERVE")));
  EXPECT_EQ("refused bizStep", Told(Words("shipping", "in_progress", "OBSERVE")));
  EXPECT_EQ("refused bizStep", Told(Words("shipping", "", "OBSERVE")));
}

TEST(Epcis, AnActionMustGoWithItsStep) {
  for (const auto& rule : formats::EpcisRules()) {
    for (const char* action : {"ADD", "OBSERVE", "DELETE", "CREATE", "observe", "Zork"}) {
      SCOPED_TRACE(std::string(rule.step) + " " + action);
      const bool goes = rule.actions.find(action) != std::string_view::npos;
      EXPECT_EQ(!goes, Told(Words(rule.step, rule.disposition, action)) == "refused action");
    }
  }
}

TEST(Epcis, ASerialNumberListedTwiceIsOnePiece) {
  const std::string twice = R"("epcList":["urn:epc:id:sgtin:9521234.000001.7",)"
                            R"("urn:epc:id:sgtin:9521234.000001.7",)"
                            R"("https://id.example/01/09521234000013/21/7",)"
                            R"("urn:epc:id:sgtin:9521234.000001.8"],)";
  EXPECT_EQ("transfer_received on_hand 7", Told(Words("receiving", "", "OBSERVE", twice)));
  const std::string escaped = R"("epcList":["urn:epc:id:sgtin:9521234.000001.a%2Fb",)"
                              R"("urn:epc:id:sgtin:9521234.000001.a%2fb",)"
                              R"("urn:epc:id:sgtin:9521234.000001.a/b"],)";
  EXPECT_EQ("transfer_received on_hand 6", Told(Words("receiving", "", "OBSERVE", escaped)));
}

TEST(Epcis, APersistentDispositionIsAList) {
  for (const char* set : {R"("damaged")", "true", R"({"a":"damaged"})"}) {
    const std::string more = R"("persistentDisposition":{"set":)" + std::string(set) + "},";
    EXPECT_EQ("refused persistentDisposition.set", Told(Words("receiving", "", "OBSERVE", more)));
  }
}

std::string Page() {
  std::map<std::pair<formats::EpcisMeaning, std::string_view>, std::string> rows;
  for (const auto& rule : formats::EpcisRules()) {
    std::string& states = rows[{rule.meaning, rule.step}];
    if (!states.empty()) states += ", ";
    states += rule.disposition.empty() ? "none" : "`" + std::string(rule.disposition) + "`";
  }
  const char* becomes[] = {"`sale`",
                           "`return`",
                           "`transfer_shipped`",
                           "`transfer_voided`",
                           "`transfer_received`",
                           "`transfer_received`, into `damaged`",
                           "`stock_counted`",
                           "`stock_counted`, of `damaged`",
                           "`stock_adjusted`, damage",
                           "`stock_adjusted`, waste",
                           "`stock_adjusted`, theft"};
  std::string text = "| bizStep | disposition | becomes |\n|---|---|---|\n";
  for (const auto& [key, states] : rows) {
    const std::string step = key.second.empty() ? "none" : "`" + std::string(key.second) + "`";
    text += "| " + step + " | " + states + " | " + becomes[static_cast<size_t>(key.first)] + " |\n";
  }
  return text;
}

TEST(Epcis, ThePagePrintsTheTable) {
  constexpr std::string_view kFrom = "<!-- epcis: made by formats_epcis_test -->\n";
  constexpr std::string_view kTo = "<!-- end of epcis -->\n";
  constexpr const char* kPage = "../../docs/formats.md";
  std::string page = ReadGolden(kPage);
  const size_t from = page.find(kFrom), to = page.find(kTo);
  ASSERT_NE(std::string::npos, from);
  ASSERT_NE(std::string::npos, to);
  page.replace(from + kFrom.size(), to - from - kFrom.size(), Page());
  testing::ExpectGolden(kPage, page);
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
