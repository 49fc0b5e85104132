// Random histories against a naive model: what stores sent arrives shuffled, doubled and with
// losses, ids come again under other numbers, the collector dies and starts again. In the end every
// event has counted exactly once and stock is the plain sum.
#include <algorithm>
#include <map>
#include <set>

#include "tests/unit/collector/collector_fixture.h"

namespace tillrelay::collector {
namespace {

constexpr int kStreams = 3;
constexpr int kRounds = 40;

class CollectorModelTest : public CollectorTest {
 protected:
  struct Shop {
    EventSource source;
    std::vector<Sent> sent;
    uint64_t through = 0;  // by the model
    std::set<uint64_t> arrived;
  };

  void Run(uint64_t seed) {
    testing::SeededRandom dice(seed);
    std::vector<Shop> shops;
    for (int i = 0; i < kStreams; ++i) {
      // The first two are streams of one store.
      shops.push_back({EventSource(i < 2 ? "0042" : "0017",
                                   std::string("01JD3V7Q8Z5W6K2M9T4RHXCDE") + char('A' + i)),
                       {},
                       0,
                       {}});
    }
    for (int round = 0; round < kRounds; ++round) {
      for (Shop& shop : shops) Sell(&shop, shops, &dice);
      DeliverSome(&shops, &dice);
      if (dice.Chance(0.1)) Restart();
      if (dice.Chance(0.2)) Compare(shops);
    }
    DeliverAll(&shops);
    Compare(shops);
    for (const Shop& shop : shops) EXPECT_EQ(shop.through, shop.sent.size());
    EXPECT_EQ(Count("diverged"), 0);
    EXPECT_EQ(OnHand(), ModelStock(shops));
    ASSERT_TRUE(RebuildLedger(store_->sql(), clock_.Wall()).ok());
    EXPECT_EQ(OnHand(), ModelStock(shops));
  }

  void Sell(Shop* shop, const std::vector<Shop>& shops, testing::SeededRandom* dice) {
    const auto count = dice->Below(6);
    for (uint64_t i = 0; i < count; ++i) {
      const Shop& twin = shops[0];
      if (shop == &shops[1] && !twin.sent.empty() && dice->Chance(0.2)) {
        shop->sent.push_back(shop->source.Again(twin.sent[dice->Below(twin.sent.size())]));
        continue;
      }
      // Two streams of one store must not make equal receipts: the sku tells them apart.
      const std::string sku = shop == &shops[1] ? "pear" : "apple";
      const std::string quantity =
          std::to_string(dice->Below(5)) + "." + std::to_string(dice->Below(1000));
      shop->sent.push_back(shop->source.Sale(sku, quantity, static_cast<int>(dice->Below(600))));
    }
  }

  void DeliverSome(std::vector<Shop>* shops, testing::SeededRandom* dice) {
    std::vector<Sent> group;
    for (Shop& shop : *shops) {
      for (uint64_t n = shop.through + 1; n <= shop.sent.size(); ++n) {
        if (dice->Chance(0.3)) continue;
        group.push_back(shop.sent[n - 1]);
        if (dice->Chance(0.2)) group.push_back(shop.sent[n - 1]);
      }
      if (!shop.sent.empty() && dice->Chance(0.3)) {
        group.push_back(shop.sent[dice->Below(shop.sent.size())]);
      }
    }
    for (size_t i = group.size(); i > 1; --i) std::swap(group[i - 1], group[dice->Below(i)]);
    for (const Sent& sent : group) Arrive(shops, sent);
    Deliver(group);
  }

  void DeliverAll(std::vector<Shop>* shops) {
    for (Shop& shop : *shops) {
      std::vector<Sent> rest(shop.sent.begin() + static_cast<long>(shop.through), shop.sent.end());
      for (const Sent& sent : rest) Arrive(shops, sent);
      Deliver(rest);
    }
  }

  static void Arrive(std::vector<Shop>* shops, const Sent& sent) {
    for (Shop& shop : *shops) {
      const bool mine =
          sent.sequence <= shop.sent.size() && shop.sent[sent.sequence - 1].chain == sent.chain;
      if (!mine) continue;
      shop.arrived.insert(sent.sequence);
      while (shop.arrived.contains(shop.through + 1)) ++shop.through;
    }
  }

  void Compare(const std::vector<Shop>& shops) {
    std::set<Uuid> ids;
    for (const Shop& shop : shops) {
      EXPECT_EQ(Query("SELECT confirmed_through AS line FROM stream WHERE stream = '" +
                      shop.source.stream() + "'"),
                shop.arrived.empty() ? "" : std::to_string(shop.through));
      for (uint64_t n = 1; n <= shop.through; ++n) ids.insert(shop.sent[n - 1].id);
    }
    EXPECT_EQ(Count("event WHERE counted = 1"), static_cast<int64_t>(ids.size()));
    EXPECT_EQ(Count("event WHERE position IS NOT NULL"), static_cast<int64_t>(ids.size()));
    EXPECT_EQ(Query("SELECT COALESCE(MAX(position), 0) AS line FROM event"),
              std::to_string(ids.size()));
  }

  std::string ModelStock(const std::vector<Shop>& shops) {
    std::map<std::string, int64_t> stock;
    std::set<Uuid> seen;
    for (const Shop& shop : shops) {
      for (const Sent& sent : shop.sent) {
        if (!seen.insert(sent.id).second) continue;
        std::string data = sent.data;
        const JsonValue line = *parser_.Parse(data)->Find("lines").begin();
        const auto quantity = Decimal::Parse(line.String("quantity")).value();
        const std::string key =
            shop.source.store() + "|" + std::string(line.Find("item").String("sku"));
        if (!quantity.zero()) stock[key] -= quantity.micros();
      }
    }
    std::string text;
    for (const auto& [key, micros] : stock) {
      text += (text.empty() ? "" : "; ") + key + "|" + Decimal::FromMicros(micros).Shortest();
    }
    return text;
  }
};

TEST_F(CollectorModelTest, WhateverTheLineDoesEachEventCountsOnce) {
  for (uint64_t seed = 1; seed <= 8 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Stop();
    database_.Renew();
    Start();
    Run(seed);
  }
}

}  // namespace
}  // namespace tillrelay::collector
