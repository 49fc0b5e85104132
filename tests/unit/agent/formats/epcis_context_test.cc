// What the @context of an EPCIS document does to the names that are read, and names with prefixes.
#include <gtest/gtest.h>

#include "tests/support/golden.h"

namespace tillrelay {
namespace {

using formats::Format;

constexpr const char* kOwn = R"("https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld")";

struct Parts {
  std::string context = {};  // of the document
  std::string event = {};    // members of the event, each with its comma
  std::string more = {};     // members of the document
  std::string body = {};     // members of its body
  std::string type = "EPCISDocument";
};

std::string Document(const Parts& parts) {
  const std::string context = parts.context.empty() ? "" : R"("@context":)" + parts.context + ",";
  return "{" + context + parts.more + R"("type":")" + parts.type + R"(","epcisBody":{)" +
         parts.body + R"("eventList":[{)" + parts.event +
         R"("type":"ObjectEvent","eventID":"urn:uuid:1","eventTime":"2026-11-21T17:42:08+01:00",)"
         R"("eventTimeZoneOffset":"+01:00","action":"OBSERVE","bizStep":"retail_selling",)"
         R"("disposition":"retail_sold",)"
         R"("readPoint":{"id":"urn:epc:id:sgln:9521321.00042.03"},)"
         R"("bizTransactionList":[{"type":"inv","bizTransaction":"urn:x:4711"}],)"
         R"("quantityList":[{"epcClass":"urn:epc:idpat:sgtin:9521234.000001.*","quantity":5}]}]}})";
}

// "" if it is sold; else what refuses it.
std::string Refused(const std::string& document, size_t event_bytes = 1 << 20) {
  formats::Limits limits;
  limits.event_bytes = event_bytes;
  const auto decoded = testing::Decode(Format::kEpcis, document, limits);
  if (decoded.error) return decoded.error->what;
  const auto* why = std::get_if<event::Rejection>(&decoded.items.at(0).outcome);
  if (why == nullptr) return "";
  return why->field + (why->hint.find("\"") == std::string::npos ? "" : " " + why->hint);
}

void ExpectNamed(const std::string& entry, const std::string& name) {
  const std::string own = kOwn;
  for (const std::string& context : {"[" + own + "," + entry + "]", "[" + entry + "," + own + "]",
                                     entry, "[{\"ex\":\"https://x.example/\"}," + entry + "]"}) {
    const std::string document = Document({.context = context});
    EXPECT_TRUE(Refused(document).starts_with("@context it gives \"" + name + "\"")) << document;
    // Read event by event, the document's own words count as well.
    std::string big = document;
    big.insert(big.find("\"eventList\":[") + 13,
               R"({"type":"x","a":")" + std::string(900, 'a') + "\"},");
    formats::Limits small;
    small.event_bytes = big.size() - 1;
    const auto decoded = testing::Decode(Format::kEpcis, big, small);
    ASSERT_EQ(2u, decoded.items.size());
    EXPECT_TRUE(std::holds_alternative<event::Rejection>(decoded.items[1].outcome)) << context;
  }
  const std::string of_event = R"("@context":)" + entry + ",";
  EXPECT_TRUE(Refused(Document({.context = own, .event = of_event}))
                  .starts_with("@context it gives \"" + name + "\""))
      << entry;
}

TEST(EpcisContext, WhatRenamesANameIsRefusedByIt) {
  ExpectNamed(R"({"action":"https://x.example/action"})", "action");
  ExpectNamed(R"({"quantity":"ex:other"})", "quantity");
  ExpectNamed(R"({"quantityList":{"@id":"ex:other","@container":"@set"}})", "quantityList");
  ExpectNamed(R"({"disposition":null})", "disposition");
  ExpectNamed(R"({"retail_sold":"https://x.example/returned"})", "retail_sold");
  ExpectNamed(R"({"retail_sold":"cbv:Disp-returned"})", "retail_sold");
  ExpectNamed(R"({"OBSERVE":"DELETE"})", "OBSERVE");
  ExpectNamed(R"({"inv":"cbv:BTT-rma"})", "inv");
  ExpectNamed(R"({"readPoint":"epcis:bizLocation"})", "readPoint");
  ExpectNamed(R"({"epcis":"https://x.example/"})", "epcis");
  ExpectNamed(R"({"cbv":"https://x.example/"})", "cbv");
  ExpectNamed(R"({"@import":"https://x.example/more.jsonld"})", "@import");
}

TEST(EpcisContext, AnotherNameForOneOfTheStandardsIsRefused) {
  ExpectNamed(R"({"menge":"epcis:quantity"})", "menge");
  ExpectNamed(R"({"menge":{"@id":"https://ref.gs1.org/epcis/quantity"}})", "menge");
  ExpectNamed(R"({"e":"https://ref.gs1.org/epcis/","handlung":"e:action"})", "handlung");
  ExpectNamed(R"({"art":"@type"})", "art");
  ExpectNamed(R"({"zurueck":"cbv:Disp-returned"})", "zurueck");
}

TEST(EpcisContext, OneThatAddsNamesIsTaken) {
  const std::string own = kOwn;
  for (const std::string& context :
       {own, "[" + own + "]", std::string("[]"), std::string("{}"), std::string("null"),
        "[" + own + R"(,{"ex":"https://x.example/"},{"e2":"https://y.example/epcis"}])",
        "[" + own + R"(,{"ex":{"@id":"https://x.example/","@prefix":true}}])",
        "[" + own + R"(,{"type":"@type","id":"@id","action":"epcis:action"}])",
        "[" + own + R"(,{"epcis":"https://ref.gs1.org/epcis/","cbv":"https://ref.gs1.org/cbv/"}])",
        "[" + own + R"(,{"retail_sold":"cbv:Disp-retail_sold","@version":1.1}])",
        "[" + own + R"(,"https://x.example/more.jsonld",{"@vocab":"https://x.example/"}])",
        "[" + own + R"(,{"lot":"ex:lot","ex":"https://x.example/"}])",
        std::string(R"("https://mirror.example/epcis/2.0.1/epcis-context.jsonld")"),
        std::string(R"({"@vocab":"https://ref.gs1.org/epcis/"})")}) {
    EXPECT_EQ("", Refused(Document({.context = context}))) << context;
  }
  EXPECT_EQ("", Refused(Document({})));
}

TEST(EpcisContext, OneThatNobodyKnowsIsRefusedAlone) {
  for (const char* context :
       {R"("https://x.example/context.jsonld")", R"(["https://x.example/context.jsonld"])",
        R"([{"ex":"https://y.example/"},"https://x.example/context.jsonld"])",
        R"({"@vocab":"https://x.example/"})", R"([{"@vocab":"https://x.example/"}])"}) {
    EXPECT_TRUE(Refused(Document({.context = context})).starts_with("@context \"https://x"))
        << context;
  }
}

TEST(EpcisContext, APrefixedNameOfTheStandardIsNotPassedOver) {
  const std::string context =
      std::string("[") + kOwn +
      R"(,{"e":"https://ref.gs1.org/epcis/","f":"e:","ex":"https://x.example/"}])";
  for (const char* name : {"action", "bizStep", "eventTime", "epcList", "quantityList", "type",
                           "persistentDisposition", "errorDeclaration", "readPoint", "bizLocation",
                           "eventID", "destinationList"}) {
    for (const char* prefix : {"epcis:", "e:", "f:", "https://ref.gs1.org/epcis/"}) {
      const std::string member = prefix + std::string(name);
      const std::string event = "\"" + member + R"(":"OTHER",)";
      EXPECT_EQ(member,
                Refused(Document({.context = context, .event = event})).substr(0, member.size()));
      const std::string deep = R"("ex:info":[{)" + event + R"("ex:a":1}],)";
      EXPECT_EQ(member,
                Refused(Document({.context = context, .event = deep})).substr(0, member.size()));
    }
  }
  // Of a maker's own vocabulary only what contradicts.
  const auto with = [&context](const std::string& event) {
    return Refused(Document({.context = context, .event = event}));
  };
  EXPECT_EQ("ex:action", with(R"("ex:action":"DELETE",)"));
  EXPECT_EQ("ex:bizStep", with(R"("ex:bizStep":"accepting",)"));
  EXPECT_EQ("ex:epcList", with(R"("ex:epcList":["urn:epc:id:sgtin:9521234.000002.1"],)"));
  EXPECT_EQ("",
            with(R"("ex:action":"OBSERVE","ex:type":"retail","ex:id":"7","ex:source":"till",)"));
  EXPECT_EQ("@type", with(R"("@type":"AggregationEvent",)"));
  EXPECT_EQ("", with(R"("@type":"ObjectEvent",)"));
  EXPECT_EQ("@included", with(R"("@included":[{"type":"ObjectEvent"}],)"));
  EXPECT_EQ("childEPCs", with(R"("childEPCs":["urn:epc:id:sgtin:9521234.000002.1"],)"));
  EXPECT_EQ("", with(R"("childEPCs":[],)"));
}

TEST(EpcisContext, ANameInOtherLettersAndAnotherShapeAreNotPassedOver) {
  const auto with = [](const std::string& member) {
    return Refused(Document({.context = kOwn, .event = member + ","}));
  };
  for (const char* name :
       {"BizStep", "ACTION", "EpcList", "quantitylist", "ErrorDeclaration", "error_declaration",
        "PersistentDisposition", "biz_location", "BizTransactionList", "Disposition"}) {
    EXPECT_EQ(name, with("\"" + std::string(name) + R"(":["x"])")) << name;
  }
  for (const char* name : {"bizLocation", "persistentDisposition"}) {
    EXPECT_EQ(name, with("\"" + std::string(name) + R"(":"urn:epc:id:sgln:9521321.00017.0")"));
    EXPECT_EQ(name, with("\"" + std::string(name) + R"(":["damaged"])"));
    EXPECT_EQ("", with("\"" + std::string(name) + R"(":null)"));
  }
  EXPECT_EQ("epcList", with(R"("epcList":"urn:epc:id:sgtin:9521234.000001.1")"));
  EXPECT_EQ("SET", with(R"("persistentDisposition":{"SET":["damaged"]})"));
  EXPECT_EQ("", with(R"("ex:info":{"Type":"till","Source":"x","SET":[1]},"ilmd":{"Id":"7"})"));
  for (const char* member : {R"("UOM":"KGM")", R"("unit":"KGM")", R"("quantityDamaged":1)"}) {
    std::string document = Document({.context = kOwn});
    document.insert(document.find(R"("epcClass")"), std::string(member) + ",");
    EXPECT_TRUE(Refused(document).starts_with("quantityList.")) << member;
  }
  for (const char* member :
       {R"("ex:live":false)", R"("ex:approved":false)", R"("ex:paid":false)"}) {
    EXPECT_NE("", with(member)) << member;
  }
  EXPECT_EQ("", with(R"("ex:gift":false,"ex:voided":false)"));
}

TEST(EpcisContext, EventsBesideThoseThatAreReadAreNotPassedOver) {
  const std::string list = R"("eventList":[{"type":"ObjectEvent"}],)";
  EXPECT_EQ("eventList", Refused(Document({.more = list})));
  EXPECT_EQ("ex:eventList", Refused(Document({.body = R"("ex:eventList":[{"a":1}],)"})));
  EXPECT_EQ("event", Refused(Document({.body = R"("event":{"type":"ObjectEvent"},)"})));
  EXPECT_EQ("@graph", Refused(Document({.more = R"("@graph":[{"a":1}],)"})));
  EXPECT_EQ("type", Refused(Document({.type = "Zork"})));
  EXPECT_EQ("", Refused(Document({.body = R"("ex:events":[],)"})));
}

}  // namespace
}  // namespace tillrelay
