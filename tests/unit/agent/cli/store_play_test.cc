// The played store: repeatable, acceptable to the product, and its sums are right both ways.
#include "agent/cli/store_play.h"

#include <gtest/gtest.h>

#include <set>

#include "agent/formats/format.h"
#include "tests/support/drafts.h"
#include "tests/support/sweep.h"

namespace tillrelay::cli {
namespace {

constexpr int kDocuments = 5000;
constexpr int64_t kMicrosPerThousandth = Decimal::kUnit / 1000;

std::vector<std::string> Play(uint64_t seed, int documents) {
  StorePlay play({seed, 4, "0042", "2026-11-21"});
  std::vector<std::string> all;
  for (int i = 0; i < documents; ++i) all.push_back(play.Next().json);
  return all;
}

// The document as the product takes it; the effects of its lines go into `sums`.
event::Draft Accept(std::string json, StockSums* sums) {
  formats::Decoder decoder;
  std::optional<event::Draft> draft;
  const auto syntax = decoder.Decode(formats::Format::kJson, json, {}, [&](formats::Item&& item) {
    ASSERT_TRUE(std::holds_alternative<event::Event>(item.outcome))
        << std::get<event::Rejection>(item.outcome).field << ": " << json;
    auto& event = std::get<event::Event>(item.outcome);
    auto drafted = event::DraftFrom(&event, testing::TestShop());
    ASSERT_TRUE(std::holds_alternative<event::Draft>(drafted))
        << std::get<event::Rejection>(drafted).field << ": " << json;
    draft = std::get<event::Draft>(std::move(drafted));
    for (const event::Line& line : event.lines) {
      for (const event::StockEffect& effect : line.stock_effect) {
        if (effect.location != "0042") continue;  // another store's stock
        BucketSums& sum = (*sums)[{line.item.sku, line.uom}];
        int64_t& bucket = effect.bucket == "on_hand"    ? sum.on_hand
                          : effect.bucket == "reserved" ? sum.reserved
                          : effect.bucket == "damaged"  ? sum.damaged
                                                        : sum.in_transit;
        bucket += effect.delta->micros() / kMicrosPerThousandth;
      }
    }
  });
  EXPECT_FALSE(syntax) << json;
  EXPECT_TRUE(draft.has_value()) << json;
  return draft.value_or(event::Draft{});
}

// Items that never moved, or came back to nothing, are equal to absent ones.
StockSums WithoutZeros(StockSums sums) {
  std::erase_if(sums, [](const auto& entry) { return entry.second == BucketSums{}; });
  return sums;
}

TEST(StorePlayTest, TheSameSeedPlaysTheSameDocuments) {
  EXPECT_EQ(Play(7, 1000), Play(7, 1000));
  EXPECT_NE(Play(7, 10), Play(8, 10));
}

TEST(StorePlayTest, EveryDocumentPassesTheRulesAndIsNewToTheShop) {
  StockSums ignored;
  std::set<std::string> keys, ids;
  for (const std::string& json : Play(1, kDocuments / testing::kSweepStep)) {
    const event::Draft draft = Accept(json, &ignored);
    if (HasFatalFailure()) return;
    EXPECT_TRUE(keys.insert(draft.identity.key).second) << json;
    EXPECT_TRUE(ids.insert(UuidText(draft.identity.id)).second) << json;
  }
}

TEST(StorePlayTest, ItsSumsAreThoseOfTheProductsEffects) {
  for (const uint64_t seed : {1U, 2U, 3U}) {
    StorePlay play({seed, 3, "0042", "2026-11-21"});
    StockSums sums;
    for (int i = 0; i < 2000 / testing::kSweepStep; ++i) Accept(play.Next().json, &sums);
    EXPECT_EQ(WithoutZeros(sums), WithoutZeros(play.sums())) << "seed " << seed;
  }
}

TEST(StorePlayTest, TheSumsOfEveryPrefixAgree) {
  StorePlay play({11, 2, "0042", "2026-11-21"});
  StockSums sums;
  for (int i = 0; i < 300; ++i) {
    const PlayedDocument played = play.Next();
    Accept(played.json, &sums);
    ASSERT_EQ(WithoutZeros(sums), WithoutZeros(play.sums())) << played.json;
  }
}

TEST(StorePlayTest, EveryKindIsPlayedAndCounted) {
  StorePlay play({1, 4, "0042", "2026-11-21"});
  std::map<std::string, uint64_t> kinds;
  for (int i = 0; i < kDocuments; ++i) ++kinds[play.Next().kind];
  EXPECT_EQ(kinds, play.kinds());
  for (const char* kind :
       {"sale", "return", "exchange", "transaction_voided", "register_control", "transfer_shipped",
        "transfer_received", "stock_adjusted", "day_closed"}) {
    EXPECT_GT(kinds[kind], 0u) << kind;
  }
}

TEST(StorePlayTest, ADayAfterTheLastOfAMonthIsTheFirst) {
  StorePlay play({1, 1, "0042", "2026-12-31"});
  bool next_day = false;
  for (int i = 0; i < 600 && !next_day; ++i) {
    next_day = play.Next().json.find("\"business_day\":\"2027-01-01\"") != std::string::npos;
  }
  EXPECT_TRUE(next_day);
}

}  // namespace
}  // namespace tillrelay::cli
