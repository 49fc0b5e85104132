// Documents cut at every byte: none may give an event that its whole would not give.
#include <gtest/gtest.h>

#include "tests/support/golden.h"
#include "tests/support/sweep.h"

namespace tillrelay {
namespace {

using formats::Format;
using testing::Decode;
using testing::ReadGolden;

bool OnlyBlanks(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// Every proper prefix is refused as a whole, within its own bytes.
void ExpectNoPrefixDecodes(Format format, const std::string& document) {
  for (size_t size = 0; size < document.size(); size += testing::kSweepStep) {
    if (OnlyBlanks(std::string_view(document).substr(size))) continue;
    const auto decoded = Decode(format, document.substr(0, size));
    ASSERT_TRUE(decoded.error) << size;
    ASSERT_TRUE(decoded.items.empty()) << size;
    ASSERT_LE(decoded.error->offset, size);
  }
}

TEST(Torn, CanonicalDocumentsGiveNothingUntilTheyAreWhole) {
  for (const char* name : {"sale", "return", "transaction_voided", "transfer_shipped",
                           "transfer_received", "stock_counted", "day_closed"}) {
    SCOPED_TRACE(name);
    ExpectNoPrefixDecodes(Format::kJson, ReadGolden(std::string("canonical/") + name + ".json"));
  }
}

TEST(Torn, ListOfEventsGivesNothingUntilItIsWhole) {
  const std::string sale = ReadGolden("canonical/sale.json");
  ExpectNoPrefixDecodes(Format::kJson, "[" + sale + "," + sale + "]");
}

TEST(Torn, PosLogGivesNothingUntilItIsWhole) {
  ExpectNoPrefixDecodes(Format::kPosLog, ReadGolden("poslog/ncr-acs/SMALL.xml"));
}

TEST(Torn, JsonLinesGiveTheWholeLinesAndRejectTheCutOne) {
  const std::string document = ReadGolden("ndjson/mixed.in");
  const std::string line = document.substr(0, document.find('\n'));
  const std::string two = line + "\n" + line;
  for (size_t size = line.size() + 2; size < two.size(); ++size) {
    const auto decoded = Decode(Format::kNdjson, two.substr(0, size));
    ASSERT_FALSE(decoded.error);
    ASSERT_EQ(2u, decoded.items.size());
    ASSERT_TRUE(std::holds_alternative<event::Event>(decoded.items[0].outcome));
    const auto* refused = std::get_if<event::Rejection>(&decoded.items[1].outcome);
    ASSERT_NE(nullptr, refused) << size;
    ASSERT_EQ("not-syntax", refused->reason);
    ASSERT_EQ("line 2", refused->field);
  }
}

TEST(Torn, FlippedBytesNeverCrashAndNeverTurnASign) {
  const std::string document = ReadGolden("poslog/ncr-acs/SMALL.xml");
  for (size_t at = 0; at < document.size(); at += 3 * testing::kSweepStep) {
    for (const unsigned mask : {0x01u, 0x20u, 0x80u}) {
      std::string flipped = document;
      flipped[at] = static_cast<char>(static_cast<unsigned char>(flipped[at]) ^ mask);
      for (const auto& item : Decode(Format::kPosLog, flipped).items) {
        const auto* event = std::get_if<event::Event>(&item.outcome);
        if (event == nullptr) continue;
        for (const event::Line& line : event->lines) {
          ASSERT_FALSE(line.quantity->negative());
          ASSERT_EQ("sale", line.action) << at;
        }
      }
    }
  }
}

}  // namespace
}  // namespace tillrelay
