#include <gtest/gtest.h>

#include "agent/formats/format.h"
#include "tests/support/golden.h"

namespace tillrelay {
namespace {

using formats::ByContentType;
using formats::Format;
using formats::Sniff;

TEST(Formats, MediaTypesAreReadWithoutParametersAndCase) {
  EXPECT_EQ(Format::kJson, ByContentType("application/json"));
  EXPECT_EQ(Format::kJson, ByContentType(" Application/JSON ; charset=utf-8"));
  EXPECT_EQ(Format::kNdjson, ByContentType("application/x-ndjson"));
  EXPECT_EQ(Format::kCloudEvent, ByContentType("application/cloudevents+json; charset=UTF-8"));
  EXPECT_EQ(Format::kCloudEventBatch, ByContentType("application/cloudevents-batch+json"));
  EXPECT_EQ(Format::kPosLog, ByContentType("application/xml"));
  EXPECT_EQ(Format::kPosLog, ByContentType("text/xml"));
  for (const char* none :
       {"", ";", "text/plain", "application/jsonx", "application/octet-stream"}) {
    EXPECT_EQ(std::nullopt, ByContentType(none)) << none;
  }
}

TEST(Formats, FilesAreKnownByNameAndFirstBytes) {
  EXPECT_EQ(Format::kPosLog, Sniff("<POSLog/>", "x.xml"));
  EXPECT_EQ(Format::kPosLog, Sniff("\xEF\xBB\xBF  <POSLog/>", "x"));
  EXPECT_EQ(Format::kPosLog, Sniff(std::string_view("\xFF\xFE<\0", 4), "x"));
  EXPECT_EQ(Format::kJson, Sniff(" \n{}", "x.json"));
  EXPECT_EQ(Format::kJson, Sniff("[]", "x"));
  EXPECT_EQ(Format::kNdjson, Sniff("{}\n{}", "sales.NDJSON"));
  EXPECT_EQ(Format::kNdjson, Sniff("", "sales.jsonl"));
  EXPECT_EQ(std::nullopt, Sniff("", "x.xml"));
  EXPECT_EQ(Format::kCsv, Sniff("store;register", "x.CSV"));
  EXPECT_EQ(std::nullopt, Sniff("store;register", "x.txt"));
}

// What nobody reads, and the events, of a document that is tried.
struct Tried {
  std::string not_read;
  std::vector<event::Event> events;
};
Tried Try(Format format, std::string bytes, const formats::Limits& limits = {}) {
  Tried tried;
  formats::NotRead not_read;
  formats::Decoder decoder;
  const auto error = decoder.Decode(
      {format, std::nullopt}, bytes, limits,
      [&](formats::Item&& item) {
        const auto* event = std::get_if<event::Event>(&item.outcome);
        EXPECT_TRUE(event != nullptr) << std::get<event::Rejection>(item.outcome).hint;
        if (event != nullptr) tried.events.push_back(*event);
      },
      &not_read);
  EXPECT_FALSE(error) << error->what;
  for (const std::string& path : not_read.paths()) tried.not_read += path + " ";
  return tried;
}

const std::string kSale =
    R"({"kind":"sale","transaction":{"store_id":"0042","register_id":"03",)"
    R"("business_day":"2026-11-21","transaction_no":"1","end_at":"2026-11-21T10:00:00+01:00"},)"
    R"("lines":[{"item":{"sku":"A"},"quantity":"1","uom":"EA"}])";

TEST(NotRead, OfCanonicalJsonWhatTheAgentMakesItself) {
  EXPECT_EQ("", Try(Format::kJson, kSale + "}").not_read);
  const std::string more = kSale + R"(,"origin":{"channel":"x"},"control":{"line_count":1}})";
  EXPECT_EQ("control origin ", Try(Format::kJson, more).not_read);
  EXPECT_EQ("control origin ", Try(Format::kJson, "[" + more + "," + more + "]").not_read);
  EXPECT_EQ("control origin ", Try(Format::kNdjson, more + "\n" + more + "\n").not_read);
}

TEST(NotRead, OfCloudEventsAttributes) {
  const std::string event =
      R"({"specversion":"1.0","id":"1","source":"till","type":"org.tillrelay.sale.v1",)"
      R"("subject":"x","datacontenttype":"application/json","traceparent":"00-1",)"
      R"("data":)" +
      kSale + R"(,"result":"balanced"}})";
  EXPECT_EQ("subject traceparent data.result ", Try(Format::kCloudEvent, event).not_read);
  EXPECT_EQ("subject traceparent data.result ", Try(Format::kJson, event).not_read);
  EXPECT_EQ("subject traceparent data.result ",
            Try(Format::kCloudEventBatch, "[" + event + "]").not_read);
}

TEST(NotRead, OfEpcisMembersByPath) {
  const std::string event =
      R"({"type":"ObjectEvent","action":"OBSERVE","eventID":"urn:uuid:1",)"
      R"("eventTime":"2026-11-21T10:00:00+01:00","eventTimeZoneOffset":"+01:00",)"
      R"("recordTime":"2026-11-21T10:00:01Z","bizStep":"receiving","disposition":"in_progress",)"
      R"("readPoint":{"id":"urn:epc:id:sgln:9521141.00001.0","ex:door":"2"},)"
      R"("bizLocation":{"id":"urn:epc:id:sgln:9521141.00001.0"},)"
      R"("bizTransactionList":[{"type":"desadv","bizTransaction":"urn:x:TR-1"}],)"
      R"("sourceList":[{"type":"owning_party","source":"urn:epc:id:sgln:9521142.00001.0"}],)"
      R"("destinationList":[{"type":"owning_party","destination":"urn:x"}],)"
      R"("quantityList":[{"epcClass":"urn:epc:class:lgtin:9521141.012345.L1","quantity":3}],)"
      R"("sensorElementList":[{"sensorReport":[{"type":"Temperature"}]}],"ex:farm":"7"})";
  const std::string read =
      "recordTime readPoint.ex:door sourceList.type destinationList sensorElementList ex:farm ";
  EXPECT_EQ(read, Try(Format::kEpcis, event).not_read);
  const std::string document =
      R"({"@context":"x","type":"EPCISDocument","schemaVersion":"2.0","epcisBody":{"eventList":[)" +
      event + "," + event + "]}}";
  EXPECT_EQ("schemaVersion " + read, Try(Format::kEpcis, document).not_read);
  formats::Limits small;
  small.event_bytes = 1200;
  EXPECT_EQ(read, Try(Format::kEpcis, document, small).not_read) << "an event at a time";
}

std::string PosLog(const std::string& in_sale, const std::string& in_receipt = "") {
  return "<POSLog><Transaction TillType='X'><RetailStoreID>0042</RetailStoreID>"
         "<WorkstationID>3</WorkstationID><SequenceNumber>1</SequenceNumber>"
         "<BusinessDayDate>2026-11-21</BusinessDayDate><EndDateTime>2026-11-21T10:00:00"
         "</EndDateTime><RetailTransaction>" +
         in_receipt + "<LineItem><SequenceNumber>1</SequenceNumber><Sale><ItemID>A</ItemID>" +
         in_sale +
         "<ExtendedAmount>11.90</ExtendedAmount><Quantity>1</Quantity></Sale></LineItem>"
         "</RetailTransaction></Transaction></POSLog>";
}

TEST(NotRead, OfPosLogElementsAndAttributesByPath) {
  EXPECT_EQ("Transaction/@TillType ", Try(Format::kPosLog, PosLog("")).not_read);
  const std::string more =
      PosLog("<Bag><BagID>7</BagID></Bag><Shelf Aisle='3'>12</Shelf>",
             "<Parking><Ticket>9</Ticket><Name>N</Name></Parking><Operator>O</Operator>"
             "<Customer><Name>not even its name is kept</Name></Customer>");
  EXPECT_EQ(
      std::string("Transaction/@TillType Transaction/RetailTransaction/Parking ") +
          "Transaction/RetailTransaction/Operator Transaction/RetailTransaction/LineItem/Sale/Bag "
          "Transaction/RetailTransaction/LineItem/Sale/Shelf ",
      Try(Format::kPosLog, more).not_read);
}

TEST(NotRead, SerialNumbersOfPosLogAreReadWhereALineHasAPlaceForThem) {
  const Tried tried =
      Try(Format::kPosLog, PosLog("<SerialNumber> S1 </SerialNumber><SerialNumber>S2</SerialNumber>"
                                  "<SerialNumber>S1</SerialNumber><Note><SerialNumber>S3"
                                  "</SerialNumber></Note>"));
  ASSERT_EQ(1u, tried.events.size());
  EXPECT_EQ((std::vector<std::string>{"S1", "S2"}), tried.events[0].lines.at(0).serials);
  EXPECT_EQ("Transaction/@TillType Transaction/RetailTransaction/LineItem/Sale/Note ",
            tried.not_read);
  const std::string too_long = "<SerialNumber>" + std::string(129, '7') + "</SerialNumber>";
  EXPECT_EQ("Transaction/@TillType Transaction/RetailTransaction/LineItem/Sale/SerialNumber ",
            Try(Format::kPosLog, PosLog(too_long)).not_read);
}

TEST(NotRead, IsBoundedInNumberAndSize) {
  std::string many;
  for (int i = 0; i < 500; ++i) many += "<X" + std::to_string(i) + std::string(300, 'a') + "/>";
  formats::Limits limits;
  formats::NotRead not_read;
  formats::Decoder decoder;
  std::string bytes = PosLog(many);
  decoder.Decode(
      {Format::kPosLog, std::nullopt}, bytes, limits, [](formats::Item&&) {}, &not_read);
  EXPECT_EQ(formats::NotRead::kMost + 1, not_read.paths().size());
  EXPECT_EQ("...", not_read.paths().back());
  for (const std::string& path : not_read.paths()) {
    EXPECT_LE(path.size(), formats::NotRead::kMostBytes);
  }
}

}  // namespace
}  // namespace tillrelay
