#include <gtest/gtest.h>

#include "agent/formats/format.h"

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

}  // namespace
}  // namespace tillrelay
