// What is declared lost stands in `loss`, at whatever number, by whatever way and in whatever order
// it is told: store and centre say the same.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "collector/fleet/store_health.h"
#include "collector/intake/losses.h"
#include "collector/web/views.h"
#include "tests/unit/collector/collector_fixture.h"

namespace tillrelay::collector {
namespace {

constexpr const char* kYounger = "01JD3V7Q8Z5W6K2M9T4RHXCDEG";

class LossOrderTest : public CollectorTest {
 protected:
  enum class Way { kStatus, kReply, kEvent };

  static wire::Lost Lost(const EventSource& source, const std::vector<Sent>& sales,
                         const wire::Range& range) {
    wire::Lost lost;
    lost.stream = source.stream();
    lost.range = range;
    lost.chain = range.last == 0 ? source.chain() : sales[range.last - 1].chain;
    lost.reason = "damaged";
    return lost;
  }
  wire::Lost Lost(const std::vector<Sent>& sales, const wire::Range& range) const {
    return Lost(source_, sales, range);
  }
  static std::vector<Sent> Sales(EventSource* source, uint64_t count) {
    std::vector<Sent> sales;
    for (uint64_t i = 0; i < count; ++i) {
      sales.push_back(source->Sale("apple", "1", static_cast<int>(i)));
    }
    return sales;
  }
  std::vector<Sent> Sales(uint64_t count) { return Sales(&source_, count); }
  static std::string Entry(const wire::Lost& lost) {
    wire::Reply reply;
    reply.lost.push_back(lost);
    const std::string text = wire::WriteReply(reply);
    const size_t at = text.find("\"lost\":") + 7;
    return text.substr(at, text.rfind(']') - at + 1);
  }
  void Declare(const wire::Lost& lost, Way way, EventSource* younger) {
    switch (way) {
      case Way::kStatus:
        return DeliverText("tillrelay/v1/" + younger->store() + "/status",
                           R"({"v":1,"state":"online","session":")" + std::string(kSession) +
                               R"(","streams":[],"lost":)" + Entry(lost) + "}");
      case Way::kReply: {
        // Only an answer to a question of ours counts.
        const Told reported{.head = 100, .sent_through = 100};
        EventSource asked(younger->store(), "01JD3V7Q8Z5W6K2M9T4RHXCDEZ");
        DeliverStatus(asked, reported);
        std::string asked_by;
        while (asked_by.empty()) {
          Advance(std::chrono::minutes(6));
          for (const auto& message : link_->published) {
            if (message.topic != "tillrelay/v1/" + younger->store() + "/command") continue;
            std::string payload = message.payload;
            asked_by = wire::ReadCommand(parser_.Parse(payload).value())->command_id;
          }
          link_->published.clear();
        }
        wire::Reply reply;
        reply.command_id = asked_by;
        reply.state = "refused";
        reply.lost.push_back(lost);
        return DeliverText("tillrelay/v1/" + younger->store() + "/reply", wire::WriteReply(reply));
      }
      case Way::kEvent:
        return Deliver({younger->Declare(lost)});
    }
  }
  std::string LossesOf(const std::string& store) {
    return Query("SELECT first || '-' || last || ' ' || filled FROM loss WHERE store_id = '" +
                 store + "' ORDER BY first");
  }
  std::string Losses() { return LossesOf("0042"); }
  std::string ThroughOf(const EventSource& source) {
    return Query("SELECT confirmed_through FROM stream WHERE stream = '" + source.stream() +
                 "' AND store_id = '" + source.store() + "'");
  }
  std::string Through() { return ThroughOf(source_); }
  int64_t CountedOf(const std::string& store) {
    return Count("event WHERE counted = 1 AND kind = 'sale' AND store_id = '" + store + "'");
  }
  uint64_t LostNow(const std::string& store = "0042") {
    return ReadFacts(store_->sql()).value()[store].lost;
  }
  std::string Sentence(const std::string& store = "0042") {
    const std::set<std::string> expected;
    const HealthRules judge{expected, seconds(100'000'000), clock_.Wall(), clock_.Wall()};
    for (const auto& judged :
         AssessStores(judge, fleet_.Stores(), ReadFacts(store_->sql()).value())) {
      if (judged.store == store) return judged.sentence;
    }
    return "unknown";
  }

  EventSource source_;
  EventSource younger_{"0042", kYounger};
};

TEST_F(LossOrderTest, EveryRangeByEveryWayBeforeOrAfterTheEventsAroundIt) {
  constexpr uint64_t kCount = 4;
  int run = 0;
  for (uint64_t first = 1; first <= kCount; ++first) {
    for (uint64_t last = first; last <= kCount; ++last) {
      for (const Way way : {Way::kStatus, Way::kReply, Way::kEvent}) {
        for (uint64_t before = 0; before <= kCount; ++before) {
          const std::string store = "s" + std::to_string(++run);
          EventSource source(store), younger(store, kYounger);
          const std::vector<Sent> sales = Sales(&source, kCount);
          std::vector<Sent> rest, early;
          for (const Sent& sale : sales) {
            if (sale.sequence >= first && sale.sequence <= last) continue;
            (sale.sequence <= before ? early : rest).push_back(sale);
          }
          const wire::Lost lost = Lost(source, sales, {first, last});
          if (!early.empty()) Deliver(early);
          Declare(lost, way, &younger);
          SCOPED_TRACE(
              fmt::format("{}..{} by way {} after {}", first, last, static_cast<int>(way), before));
          ASSERT_EQ(LostNow(store), last - first + 1);
          ASSERT_NE(Sentence(store), "everything has arrived");
          Declare(lost, way, &younger);
          if (!rest.empty()) Deliver(rest);
          Declare(lost, Way::kStatus, &younger);
          ASSERT_EQ(ThroughOf(source), std::to_string(kCount));
          ASSERT_EQ(LossesOf(store), fmt::format("{}-{} 0", first, last));
          ASSERT_EQ(CountedOf(store), static_cast<int64_t>(kCount - (last - first + 1)));
        }
      }
    }
  }
  EXPECT_EQ(Count("diverged"), 0);
}

// Random pieces of random sets of numbers, told by any way, in any order, some of the numbers after
// all: at the end every number has counted once or is lost once.
TEST_F(LossOrderTest, InAnyOrderEveryNumberHasCountedOnceOrIsLostOnce) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    testing::SeededRandom random(seed);
    const std::string store = "s" + std::to_string(seed);
    EventSource source(store), younger(store, kYounger);
    const uint64_t count = 6 + random.Below(10);
    const std::vector<Sent> sales = Sales(&source, count);
    std::set<uint64_t> gone, came_after_all;
    for (uint64_t n = 1; n <= count; ++n) {
      if (random.Below(3) == 0) gone.insert(n);
    }
    struct Step {
      uint64_t event = 0;
      wire::Range lost;
    };
    std::vector<Step> steps;
    for (uint64_t n = 1; n <= count; ++n) {
      if (gone.contains(n) && random.Below(4) > 0) continue;
      steps.push_back({n, {}});
      if (gone.contains(n)) came_after_all.insert(n);
    }
    // Each run of lost numbers whole, and pieces of it.
    for (const uint64_t n : gone) {
      uint64_t last = n;
      while (gone.contains(last + 1)) ++last;
      steps.push_back({0, {n, n + random.Below(last - n + 1)}});
      steps.push_back({0, {n, last}});
    }
    for (size_t i = steps.size(); i > 1; --i) std::swap(steps[i - 1], steps[random.Below(i)]);
    for (const Step& step : steps) {
      const Way way = random.Below(2) == 0 ? Way::kStatus : Way::kEvent;
      if (step.event > 0) {
        Deliver({sales[step.event - 1]});
      } else {
        Declare(Lost(source, sales, step.lost), way, &younger);
      }
      if (random.Below(30) == 0) Restart();
    }
    SCOPED_TRACE(fmt::format("seed {}: {}", seed, LossesOf(store)));
    ASSERT_EQ(ThroughOf(source), std::to_string(count));
    ASSERT_EQ(CountedOf(store), static_cast<int64_t>(count - gone.size() + came_after_all.size()));
    // A number that came before it was declared lost is no loss; one that came later fills it.
    ASSERT_EQ(LostNow(store), gone.size() - came_after_all.size());
  }
  EXPECT_EQ(Count("diverged"), 0);
}

// As after a salvage: the stream was cut at what was confirmed, and number 3 of it is gone; 2 and 4
// go on in the younger stream.
TEST_F(LossOrderTest, ALossAboveTheEndOfAStreamThatWasCutStandsForGood) {
  const auto sales = Sales(4);
  Deliver({sales[0]});
  Deliver({younger_.Open(source_.stream(), "the journal was damaged"), younger_.Again(sales[1]),
           younger_.Again(sales[3])});
  Deliver({younger_.Declare(Lost(sales, {3, 3}))});
  EXPECT_EQ(Losses(), "3-3 0");
  EXPECT_EQ(Through(), "1");
  EXPECT_EQ(OnHand(), "0042|apple|-3");
  Advance(seconds(10));
  EXPECT_EQ(Count("gap"), 0);
  EXPECT_NE(Sentence().find("1 event declared lost"), std::string::npos) << Sentence();
  EXPECT_EQ(Query(std::string("SELECT reason FROM stream WHERE stream = '") + kYounger + "'"),
            "the journal was damaged");
}

// A `loss` on an island counts when its hole closes: for its own store, in the same transaction.
TEST_F(LossOrderTest, ALossOnAnIslandIsOfItsOwnStoreOnly) {
  const auto sales = Sales(3);
  EventSource other("0043");
  Deliver({sales[0], other.Sale("pear", "1")});
  const Sent hole = younger_.Sale("plum", "1");
  Deliver({younger_.Declare(Lost(sales, {2, 3}))});
  EXPECT_EQ(Losses(), "");
  Deliver({hole, other.Sale("pear", "1")});
  EXPECT_EQ(Losses(), "2-3 0");
  EXPECT_EQ(Through(), "3");
  Deliver({other.Sale("pear", "1")});
  EXPECT_EQ(Query("SELECT store_id || ' ' || first FROM loss"), "0042 2");
}

TEST_F(LossOrderTest, AnIslandThatCountsBecauseOfALossMayItselfDeclareOne) {
  const auto sales = Sales(3);
  Deliver({sales[0]});
  const Sent gone = younger_.Sale("plum", "1");
  Deliver({younger_.Declare(Lost(sales, {2, 3}))});  // number 2, above the hole
  wire::Lost hole;
  hole.stream = kYounger;
  hole.range = {1, 1};
  hole.chain = gone.chain;
  Declare(hole, Way::kStatus, &younger_);
  EXPECT_EQ(Losses(), "1-1 0; 2-3 0");
  EXPECT_EQ(Through(), "3");
}

TEST_F(LossOrderTest, AnOpenEndIsAnAlarmAndNeverEverythingHasArrived) {
  const auto sales = Sales(4);
  Deliver({sales[0], sales[1]});
  wire::Lost lost = Lost(sales, {3, 4});
  lost.open = true;
  for (const Way way : {Way::kStatus, Way::kEvent, Way::kStatus}) Declare(lost, way, &younger_);
  EXPECT_EQ(Query("SELECT first || '-' || last || ' ' || open_ended FROM loss"), "3-4 1");
  Deliver({sales[2], sales[3]});  // they come after all: the end is as unknown as before
  EXPECT_EQ(LostNow(), 0u);
  Advance(std::chrono::hours(1000));
  EXPECT_NE(Sentence().find("ended without a known end"), std::string::npos) << Sentence();
  const auto facts = ReadFacts(store_->sql()).value();
  EXPECT_EQ(facts.at("0042").open_losses, 1u);
}

TEST_F(LossOrderTest, AnOpenEndNeedsNoNumberThatIsKnownToBeLost) {
  const auto sales = Sales(2);
  Deliver(sales);
  wire::Lost lost = Lost(sales, {3, 2});
  lost.open = true;
  Declare(lost, Way::kStatus, &younger_);
  Declare(lost, Way::kEvent, &younger_);
  EXPECT_EQ(Query("SELECT first || '-' || last || ' ' || open_ended FROM loss"), "3-2 1");
  EXPECT_EQ(Through(), "2");
  EXPECT_NE(Sentence().find("ended without a known end"), std::string::npos) << Sentence();
  // Later some of what lies behind the end is known to be lost: one row says both.
  Declare(Lost(sales, {3, 0}), Way::kStatus, &younger_);  // malformed: changes nothing
  wire::Lost more = Lost(sales, {3, 2});
  more.range = {3, 5};
  Declare(more, Way::kStatus, &younger_);
  EXPECT_EQ(Query("SELECT first || '-' || last || ' ' || open_ended FROM loss"), "3-5 1");
  EXPECT_EQ(LostNow(), 3u);
}

TEST_F(LossOrderTest, AStoreThatDoesNotHaveAJournalThatWeKnowIsInTrouble) {
  Deliver(Sales(2));
  DeliverText("tillrelay/v1/0042/status", R"({"v":1,"state":"online","session":")" +
                                              std::string(kSession) +
                                              R"(","streams":[],"unknown_streams":[{"stream":")" +
                                              source_.stream() + R"(","through":2}]})");
  EXPECT_NE(Sentence().find("1 journal that we know is not on its server"), std::string::npos)
      << Sentence();
}

TEST_F(LossOrderTest, WhatDoesNotFitAColumnDeclaresNothing) {
  Deliver(Sales(1));
  for (const char* numbers :
       {R"("from":2,"through":9223372036854775807)", R"("from":2,"through":18446744073709551615)",
        R"("from":0,"through":1)", R"("from":3,"through":2)", R"("from":"x","through":2)"}) {
    DeliverText("tillrelay/v1/0042/events", "");
    DeliverText("tillrelay/v1/0042/status",
                R"({"v":1,"state":"online","session":")" + std::string(kSession) +
                    R"(","streams":[],"lost":[{"stream":")" + source_.stream() + R"(",)" + numbers +
                    R"(,"chain":"","reason":"x"}]})");
  }
  EXPECT_EQ(Count("loss"), 0);
  EXPECT_EQ(Through(), "1");
}

TEST_F(LossOrderTest, TablesOfVersionTwoKeepTheirLosses) {
  const auto sales = Sales(5);
  Deliver({sales[0]});
  Declare(Lost(sales, {2, 3}), Way::kStatus, &younger_);
  Stop();
  database_.AsVersion5();
  for (const char* table : {"observed", "age_mark", "forgotten", "doubtful", "unapplied"}) {
    database_.Execute(std::string("DROP TABLE ") + table);
  }
  database_.Execute("ALTER TABLE loss DROP COLUMN chain");
  database_.Execute("ALTER TABLE loss DROP COLUMN open_ended");
  database_.Execute("ALTER TABLE stream DROP COLUMN lost_through");
  database_.Execute(database_.postgres() ? "UPDATE schema_version SET version = 2"
                                         : "PRAGMA user_version = 2");
  Start();
  EXPECT_EQ(Losses(), "2-3 0");
  EXPECT_EQ(Query("SELECT MAX(lost_through) FROM stream"), "3");
  Deliver({sales[1], sales[3], sales[4]});
  EXPECT_EQ(Losses(), "2-3 1");
  EXPECT_EQ(Through(), "5");
}

TEST(NewLossesTest, RowsNeverOverlapAndSayEachNumberOnce) {
  for (uint64_t seed = 1; seed <= 2000; ++seed) {
    testing::SeededRandom random(seed);
    std::map<uint64_t, LossRow> table;  // by first, as the database merges them
    std::set<uint64_t> lost;
    bool open = false;
    for (int i = 0; i < 6; ++i) {
      Declared loss;
      loss.stream = "s";
      loss.open = random.Below(3) == 0;
      loss.range.first = 1 + random.Below(20);
      loss.range.last = loss.open && random.Below(2) == 0 ? loss.range.first - 1
                                                          : loss.range.first + random.Below(6);
      std::vector<LossRow> known;
      for (const auto& [first, row] : table) known.push_back(row);
      for (const LossRow& row : NewLosses(known, loss, 0)) {
        LossRow& kept = table.try_emplace(row.range.first, row).first->second;
        kept.range.last = std::max(kept.range.last, row.range.last);
        kept.open = kept.open || row.open;
      }
      for (uint64_t n = loss.range.first; n <= loss.range.last; ++n) lost.insert(n);
      open = open || loss.open;
      std::set<uint64_t> said;
      bool said_open = false;
      for (const auto& [first, row] : table) {
        said_open = said_open || row.open;
        for (uint64_t n = row.range.first; n <= row.range.last; ++n) {
          ASSERT_TRUE(said.insert(n).second) << seed << ": " << n << " twice";
        }
      }
      ASSERT_EQ(said, lost) << seed;
      ASSERT_EQ(said_open, open) << seed;
    }
  }
}

}  // namespace
}  // namespace tillrelay::collector
