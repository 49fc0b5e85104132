// What a stored event says of its document is what was said when it was stored: for every kind.
#include "common/event/stored_document.h"

#include <gtest/gtest.h>

#include <set>

#include "common/event/event_json.h"
#include "tests/support/drafts.h"

namespace tillrelay::event {
namespace {

const std::string kTransaction =
    R"("transaction": {"store_id": "9", "register_id": "007", "business_day": "2026-11-21",
      "transaction_no": "0004711", "end_at": "2026-11-21T16:42:08Z"},)";
const std::string kLines =
    R"("lines": [{"item": {"sku": " A 1 "}, "quantity": "2", "uom": "C62", "action": "sale"},
                 {"item": {"gtin": "4006381333931"}, "quantity": "1", "uom": "H87",
                  "action": "sale"}])";

const struct {
  Kind kind;
  std::string members;
} kDocuments[] = {
    {Kind::kSale, kTransaction + kLines},
    {Kind::kReturn, kTransaction + R"("lines": [{"item": {"sku": "B"}, "quantity": "1",
                                                 "uom": "EA"}])"},
    {Kind::kExchange, kTransaction + kLines},
    {Kind::kTransactionVoided, kTransaction + kLines},
    {Kind::kTransferShipped,
     R"("transfer": {"transfer_id": "T 1", "from_store_id": "0042", "to_store_id": "0043",
        "business_day": "2026-11-21", "shipped_at": "2026-11-21T10:00:00"},
        "lines": [{"item": {"sku": "B"}, "quantity": "3", "uom": "EA"}])"},
    {Kind::kTransferReceived,
     R"("transfer": {"transfer_id": "T 1", "receipt_id": "R2", "from_store_id": "0043",
        "to_store_id": "0042", "business_day": "2026-11-21",
        "received_at": "2026-11-21T10:00:00+01:00"},
        "lines": [{"item": {"sku": "B"}, "quantity": "3", "uom": "EA"}])"},
    {Kind::kTransferVoided,
     R"("transfer": {"transfer_id": "T 1", "from_store_id": "0042", "to_store_id": "0043",
        "business_day": "2026-11-21", "shipped_at": "2026-11-21T10:00:00"},
        "lines": [{"item": {"sku": "B"}, "quantity": "3", "uom": "EA"}])"},
    {Kind::kStockAdjusted,
     R"("adjustment": {"adjustment_id": "A-9", "store_id": "0042", "business_day": "2026-11-21",
        "adjusted_at": "2026-10-25T02:30:00", "reason": "damage"},
        "lines": [{"item": {"sku": "B"}, "quantity": "3", "uom": "EA"}])"},
    {Kind::kStockCounted,
     R"("count": {"count_id": "C1", "store_id": "0042", "business_day": "2026-11-21",
        "as_of": "2026-11-21T20:00:00+01:00"},
        "lines": [{"item": {"sku": "B"}, "counted": "3", "uom": "EA"}])"},
    {Kind::kRegisterControl, kTransaction + R"("lines": [])"},
    {Kind::kDayClosed,
     R"("close": {"store_id": "0042", "register_id": "007", "business_day": "2026-11-21",
        "z_no": "17", "closed_at": "2026-11-21T20:00:00+01:00"})"}};

TEST(StoredDocument, SaysOfEveryKindWhatWasSaidWhenItWasStored) {
  std::set<Kind> seen;
  for (const auto& document : kDocuments) {
    SCOPED_TRACE(KindWord(document.kind));
    std::string bytes = "{" + document.members + "}";
    JsonParser parser;
    Event event;
    event.kind = document.kind;
    auto root = parser.Parse(bytes);
    ASSERT_TRUE(root.ok());
    const auto refused = ReadData(*root, &event);
    ASSERT_FALSE(refused) << refused->field << ": " << refused->hint;
    const auto made = MakeDraft(std::move(event), testing::TestShop());
    const auto* why = std::get_if<Rejection>(&made);
    ASSERT_EQ(why, nullptr) << why->field << ": " << why->hint;
    const Draft& draft = std::get<Draft>(made);
    const auto stored = ReadStoredDocument(KindWord(draft.kind), draft.time, draft.data);
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->key, draft.identity.key);
    EXPECT_EQ(stored->digest, draft.identity.digest);
    EXPECT_EQ(stored->at_s, draft.book.at_s);
    EXPECT_EQ(stored->time_trusted, draft.book.time_trusted);
    seen.insert(document.kind);
  }
  EXPECT_EQ(seen.size(), static_cast<size_t>(kKindCount) - 2) << "all but the agent's own two";
}

TEST(StoredDocument, ATimeThatTheClockFaceHadTwiceIsNotTrusted) {
  Event sale = testing::Sale("03", 1);
  sale.transaction->end_at = "2026-10-25T02:30:00";
  const Draft draft = testing::DraftOf(std::move(sale));
  ASSERT_FALSE(draft.book.time_trusted);
  const auto stored = ReadStoredDocument("sale", draft.time, draft.data);
  ASSERT_TRUE(stored);
  EXPECT_FALSE(stored->time_trusted);
}

TEST(StoredDocument, ThereIsNoneBehindTheAgentsOwnEvents) {
  EXPECT_FALSE(ReadStoredDocument("loss", "2026-11-21T10:00:00+01:00", R"({"loss":{}})"));
  EXPECT_FALSE(ReadStoredDocument("sale", "2026-11-21T10:00:00+01:00", "{"));
  EXPECT_FALSE(ReadStoredDocument("a word", "2026-11-21T10:00:00+01:00", "{}"));
}

}  // namespace
}  // namespace tillrelay::event
