#include <gtest/gtest.h>

#include "tests/support/golden.h"

namespace tillrelay {
namespace {

using formats::Format;
using testing::Decode;
using testing::Decoded;

constexpr char kSale[] =
    R"({"kind":"sale","transaction":{"store_id":"0042","register_id":"03",)"
    R"("business_day":"2026-11-21","transaction_no":"7","end_at":"2026-11-21T17:42:08"},)"
    R"("lines":[{"item":{"sku":"1"},"quantity":"2","uom":"EA"}]})";

void ExpectRefused(const std::string& document, size_t offset) {
  const Decoded decoded = Decode(Format::kJson, document);
  ASSERT_TRUE(decoded.error) << document;
  EXPECT_TRUE(decoded.items.empty()) << document;
  EXPECT_EQ(offset, decoded.error->offset) << document << ": " << decoded.error->what;
}

TEST(JsonEvents, OneObjectAndAListGiveTheSameEvent) {
  const auto one = Decode(Format::kJson, kSale);
  const auto list = Decode(Format::kJson, std::string("[") + kSale + "," + kSale + "]");
  ASSERT_EQ(1u, one.items.size());
  ASSERT_EQ(2u, list.items.size());
  EXPECT_EQ(0u, list.items[0].index);
  EXPECT_EQ(1u, list.items[1].index);
  EXPECT_EQ(1, std::get<event::Event>(list.items[1].outcome).origin->index);
}

TEST(JsonEvents, EmptyListHasNoItems) {
  const auto decoded = Decode(Format::kJson, "[]");
  EXPECT_FALSE(decoded.error);
  EXPECT_TRUE(decoded.items.empty());
}

TEST(JsonEvents, ByteOrderMarkIsPassedOver) {
  const auto decoded = Decode(Format::kJson, "\xEF\xBB\xBF" + std::string(kSale));
  ASSERT_EQ(1u, decoded.items.size());
  EXPECT_TRUE(std::holds_alternative<event::Event>(decoded.items[0].outcome));
  const auto bad = Decode(Format::kJson, "\xEF\xBB\xBF{\"a\xFF\"}");
  ASSERT_TRUE(bad.error);
  EXPECT_EQ(6u, bad.error->offset) << "offsets count from the first byte of the document";
}

TEST(JsonEvents, BadUtf8DuplicatesAndDepthAreSyntaxErrors) {
  ExpectRefused("{\"kind\":\"\xFF\"}", 9);
  EXPECT_TRUE(Decode(Format::kJson, R"({"kind":"sale","kind":"sale"})").error);
  EXPECT_TRUE(Decode(Format::kJson, R"({"a":{"b":1,"b":2}})").error);
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_TRUE(Decode(Format::kJson, deep).error);
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  EXPECT_TRUE(Decode(Format::kJson, objects).error);
}

TEST(JsonEvents, ForeignItemsAreRejectedWithTheirOwnText) {
  const std::string foreign = R"({"kind":"sale","transaction":{"till":"03"}})";
  const auto decoded =
      Decode(Format::kJson, std::string("[") + kSale + ", " + foreign + " ," + kSale + "]");
  ASSERT_EQ(3u, decoded.items.size());
  EXPECT_TRUE(std::holds_alternative<event::Event>(decoded.items[0].outcome));
  EXPECT_TRUE(std::holds_alternative<event::Event>(decoded.items[2].outcome));
  const auto& refused = std::get<event::Rejection>(decoded.items[1].outcome);
  EXPECT_EQ("unknown-field", refused.reason);
  EXPECT_EQ("transaction.till", refused.field);
  EXPECT_EQ(foreign, decoded.items[1].excerpt);
}

// A document that is larger than an event may be is read an element at a time: nobody notices.
TEST(JsonEvents, ALargeDocumentGivesWhatASmallOneGives) {
  formats::Limits small;
  small.event_bytes = sizeof(kSale) + 10;
  const std::string sale = kSale;
  const std::string foreign = R"({"kind":"sale","transaction":{"till":"03"}})";
  for (const std::string& document :
       {"[" + sale + "," + sale + "]", " [ " + sale + " , 1, true,[{}], " + foreign + "] ",
        "[" + sale + "," + sale, "[" + sale + sale + "]", "[" + sale + ",]" + foreign,
        "[" + sale + ",{\"a\":1,\"a\":2}]", "[" + sale + R"(,{"a":1e999}])", sale + sale,
        "[" + sale + "," + foreign + "]x", "[" + sale + ",{\"a\":\"\xFF\"}," + foreign + "]",
        std::string(400, ' ') + sale}) {
    const Decoded whole = Decode(Format::kJson, document);
    const Decoded steps = Decode(Format::kJson, document, small);
    EXPECT_EQ(testing::Render(whole).substr(0, testing::Render(whole).find("error")),
              testing::Render(steps).substr(0, testing::Render(steps).find("error")))
        << document;
    EXPECT_EQ(whole.error.has_value(), steps.error.has_value()) << document;
    ASSERT_EQ(whole.items.size(), steps.items.size()) << document;
    for (size_t i = 0; i < whole.items.size(); ++i) {
      EXPECT_EQ(whole.items[i].excerpt, steps.items[i].excerpt);
    }
  }
}

TEST(JsonEvents, WhatIsLargerThanAnEventIsRejectedWithoutATree) {
  formats::Limits small;
  small.event_bytes = 100;
  const std::string large = R"({"a":")" + std::string(200, 'x') + R"("})";
  for (const std::string& document : {"[{}," + large + "]", large, "[" + large + "]"}) {
    const Decoded decoded = Decode(Format::kJson, document, small);
    ASSERT_FALSE(decoded.error) << document;
    const auto& refused = std::get<event::Rejection>(decoded.items.back().outcome);
    EXPECT_EQ(refused.hint, "the event is larger than 100 bytes");
    EXPECT_EQ(decoded.items.back().excerpt, large.substr(0, 100));
  }
}

TEST(JsonEvents, NumbersBeyondDecimalsAreBadValues) {
  for (const char* number : {"1e3", "99999999999999999999", "\"NaN\"", "true"}) {
    std::string document = kSale;
    document.replace(document.find("\"2\""), 3, number);
    const auto decoded = Decode(Format::kJson, document);
    ASSERT_EQ(1u, decoded.items.size()) << number;
    const auto* refused = std::get_if<event::Rejection>(&decoded.items[0].outcome);
    ASSERT_NE(nullptr, refused) << number;
    EXPECT_EQ("lines[0].quantity", refused->field);
  }
}

TEST(JsonEvents, NumbersThatNoComputerHoldsAreRefused) {
  for (const char* number : {"1e999", "-1e999", "0x10", "01", "+1", ".5", "NaN"}) {
    std::string document = kSale;
    document.replace(document.find("\"2\""), 3, number);
    const auto decoded = Decode(Format::kJson, document);
    EXPECT_TRUE(decoded.error) << number;
    EXPECT_TRUE(decoded.items.empty()) << number;
  }
}

TEST(JsonEvents, EventsBeyondTheSizeAreRejectedAndCut) {
  formats::Limits limits;
  limits.event_bytes = 64;
  const auto decoded = Decode(Format::kJson, kSale, limits);
  ASSERT_EQ(1u, decoded.items.size());
  EXPECT_EQ("bad-value", std::get<event::Rejection>(decoded.items[0].outcome).reason);
  EXPECT_EQ(64u, decoded.items[0].excerpt.size());
}

TEST(JsonEvents, TooManyItemsAreRefusedAsAWhole) {
  formats::Limits limits;
  limits.events = 2;
  for (const Format format : {Format::kJson, Format::kNdjson}) {
    const auto decoded = Decode(format, format == Format::kJson ? "[1,2,3]" : "1\n2\n3\n", limits);
    EXPECT_TRUE(decoded.error);
    EXPECT_TRUE(decoded.items.empty());
  }
}

TEST(JsonEvents, SendersOwnDerivedMembersAreReplaced) {
  std::string document = kSale;
  document.insert(document.size() - 1, R"(,"origin":{"channel":"forged"},"result":"balanced")");
  const auto decoded = Decode(Format::kJson, document);
  const auto& event = std::get<event::Event>(decoded.items.at(0).outcome);
  EXPECT_EQ("", event.origin->channel);
  EXPECT_EQ("canonical-json/1", event.origin->dialect);
}

TEST(JsonLines, ABadLineDoesNotTouchItsNeighbours) {
  const std::string text = std::string(kSale) + "\n\n{\"kind\": \xFF}\r\n" + kSale;
  const auto decoded = Decode(Format::kNdjson, text);
  ASSERT_FALSE(decoded.error);
  ASSERT_EQ(3u, decoded.items.size());
  EXPECT_TRUE(std::holds_alternative<event::Event>(decoded.items[2].outcome));
  const auto& refused = std::get<event::Rejection>(decoded.items[1].outcome);
  EXPECT_EQ("not-syntax", refused.reason);
  EXPECT_EQ("line 3", refused.field);
  const std::string offset = std::to_string(text.find('\xFF'));
  EXPECT_EQ(0u, refused.hint.find("byte " + offset + ":")) << refused.hint;
}

TEST(CloudEvents, EnvelopeIdentityIsKeptInTheOrigin) {
  const std::string data = std::string(kSale);
  const auto decoded = Decode(
      Format::kCloudEvent,
      R"({"specversion":"1.0","id":"A-1","source":"/till","type":"org.tillrelay.sale.v1","data":)" +
          data + "}");
  const auto& event = std::get<event::Event>(decoded.items.at(0).outcome);
  EXPECT_EQ("A-1", event.origin->source_event_id);
  EXPECT_EQ("/till", event.origin->source_event_source);
  // Its identity is the document's, however it came.
  const auto bare = Decode(Format::kJson, data);
  const auto id = [](const event::Event& e) {
    return ToHex(BytesOf(
        std::get<event::Draft>(event::MakeDraft(e, testing::GoldenShop())).identity.digest));
  };
  EXPECT_EQ(id(std::get<event::Event>(bare.items.at(0).outcome)), id(event));
}

TEST(CloudEvents, MediaTypeTellsOneFromMany) {
  EXPECT_TRUE(Decode(Format::kCloudEvent, "[]").error);
  EXPECT_TRUE(Decode(Format::kCloudEventBatch, "{}").error);
  EXPECT_FALSE(Decode(Format::kCloudEventBatch, "[]").error);
}

TEST(CloudEvents, BareTransactionIsNoCloudEvent) {
  const auto decoded = Decode(Format::kCloudEvent, kSale);
  EXPECT_EQ("specversion", std::get<event::Rejection>(decoded.items.at(0).outcome).field);
}

}  // namespace
}  // namespace tillrelay
