// Claims about counts: whatever order sales and counts come in, stock is what a replay in the order
// of their times gives; a count from after the clock waits for it; what an older program counted is
// known to counts; whoever adds what the changes did, or sets what they say, has the ledger.
#include <algorithm>
#include <map>
#include <set>

#include "collector/db/statements_ledger.h"
#include "collector/ledger/movement_fill.h"
#include "common/event/time_text.h"
#include "tests/unit/collector/collector_fixture.h"

namespace tillrelay::collector {
namespace {

using std::chrono::minutes;

const WallTime kNoon = event::ParseUtc("2026-11-21T11:00:00Z").value();

class LedgerOrderTest : public CollectorTest {
 protected:
  // One document and its part in a naive replay.
  struct Told {
    Sent sent;
    std::string item;
    int minute = 0;
    int64_t micros = 0;
    bool count = false;
  };
  std::string Added() {
    return Query(
        "SELECT store_id || '|' || item || '|' || SUM(change) AS line FROM movement"
        " WHERE bucket = 'on_hand' GROUP BY store_id, item ORDER BY 1");
  }
  std::string Said() {
    return Query(
        "SELECT m.store_id || '|' || m.item || '|' || m.quantity AS line FROM movement m"
        " WHERE m.bucket = 'on_hand' AND NOT EXISTS (SELECT 1 FROM movement n"
        " WHERE n.store_id = m.store_id AND n.item = m.item AND n.bucket = m.bucket"
        " AND (n.position, n.line) > (m.position, m.line)) ORDER BY 1");
  }
  std::string Served() {
    return Query(
        "SELECT store_id || '|' || item || '|' || CAST(ROUND(on_hand * 1000000) AS BIGINT) AS line"
        " FROM stock ORDER BY 1");
  }

  static std::string Naive(std::vector<Told> all) {
    std::stable_sort(all.begin(), all.end(), [](const Told& a, const Told& b) {
      return std::tuple(a.minute, a.count) < std::tuple(b.minute, b.count);
    });
    std::map<std::string, int64_t> stock;
    for (const Told& t : all) stock[t.item] = t.count ? t.micros : stock[t.item] - t.micros;
    std::string text;
    for (const auto& [item, micros] : stock) {
      text += (text.empty() ? "" : "; ") + ("0042|" + item + "|") + std::to_string(micros);
    }
    return text;
  }

  // Two streams of one store, each in its own order; counts come from the first.
  std::vector<Told> History(testing::SeededRandom* dice) {
    EventSource first, second("0042", "01JD3V7Q8Z5W6K2M9T4RHXCDEG");
    std::set<std::pair<std::string, int>> counted;
    std::vector<Told> all;
    for (int i = 0; i < 120; ++i) {
      Told t;
      t.item = "item" + std::to_string(dice->Below(3));
      t.minute = static_cast<int>(dice->Below(600));
      const auto whole = static_cast<int64_t>(dice->Below(9)) + 1;
      t.count = dice->Chance(0.2);
      const bool twin = !t.count && dice->Chance(0.5);
      if (t.count && !counted.insert({t.item, t.minute}).second) continue;
      t.micros = whole * 1'000'000 + (twin ? 500'000 : 0);
      const std::string quantity = std::to_string(whole) + (twin ? ".5" : "");
      EventSource& source = twin ? second : first;
      t.sent = t.count ? source.Count(t.item, quantity, t.minute)
                       : source.Sale(t.item, quantity, t.minute);
      all.push_back(std::move(t));
    }
    return all;
  }

  // In groups; the second stream waits for a while, and both keep their own order.
  void DeliverMixed(const std::vector<Told>& all, testing::SeededRandom* dice) {
    std::vector<Sent> streams[2];
    for (const Told& t : all) {
      streams[t.sent.payload.find("CDEG") != std::string::npos ? 1 : 0].push_back(t.sent);
    }
    size_t at[2] = {0, 0};
    while (at[0] < streams[0].size() || at[1] < streams[1].size()) {
      std::vector<Sent> group;
      for (uint64_t n = dice->Below(20) + 1; n > 0; --n) {
        const size_t s = dice->Chance(0.3) ? 1 : 0;
        if (at[s] < streams[s].size()) group.push_back(streams[s][at[s]++]);
      }
      Deliver(group);
      Advance(minutes(dice->Below(30)));
    }
  }
};

TEST_F(LedgerOrderTest, AnyOrderGivesWhatTheOrderOfTimesGives) {
  for (uint64_t seed = 1; seed <= 12 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Stop();
    database_.Renew();
    clock_.SetWall(kNoon);  // so that many counts are ahead of it
    Start();
    testing::SeededRandom dice(seed);
    const std::vector<Told> all = History(&dice);
    DeliverMixed(all, &dice);
    if (dice.Chance(0.5)) Restart();
    clock_.SetWall(kNoon + minutes(601));
    Advance(seconds(2));
    EXPECT_EQ(Served(), Naive(all));
    EXPECT_EQ(Count("held_count"), 0);
    EXPECT_EQ(Added(), Served());
    EXPECT_EQ(Said(), Served());
    const auto rebuilt = RebuildLedger(store_->sql(), clock_.Wall());
    ASSERT_TRUE(rebuilt.ok()) << rebuilt.status().message();
    EXPECT_EQ(rebuilt->corrected_cells, 0u);
    EXPECT_EQ(Served(), Naive(all));
  }
}

TEST_F(LedgerOrderTest, ACountFromAfterTheClockWaitsForItAndFreezesNothing) {
  clock_.SetWall(kNoon);
  EventSource source;
  Deliver({source.Sale("apple", "1", -5 + 5), source.Count("apple", "100", 60)});
  EXPECT_EQ(Served(), "0042|apple|-1000000");
  EXPECT_EQ(Query("SELECT reason, counted FROM held_count"), "ahead|100000000");
  EXPECT_EQ(Query("SELECT applied FROM movement ORDER BY position"), "added; held");
  Deliver({source.Sale("apple", "2", 30), source.Sale("apple", "4", 90)});
  EXPECT_EQ(Served(), "0042|apple|-7000000");
  // A right count meanwhile is applied.
  Deliver({source.Count("apple", "10", 0)});
  EXPECT_EQ(Served(), "0042|apple|4000000");
  Advance(minutes(59));
  EXPECT_EQ(Served(), "0042|apple|4000000");
  Advance(minutes(1) + seconds(1));
  EXPECT_EQ(Served(), "0042|apple|96000000");
  EXPECT_EQ(Count("held_count"), 0);
  EXPECT_EQ(Query("SELECT e.kind, m.applied, m.quantity FROM event e JOIN movement m"
                  " ON m.position = e.position ORDER BY e.position DESC LIMIT 1"),
            "count_applied|set|96000000");
}

TEST_F(LedgerOrderTest, AHeldCountSurvivesARestart) {
  clock_.SetWall(kNoon);
  EventSource source;
  Deliver({source.Count("apple", "100", 60)});
  Stop();
  clock_.Advance(minutes(120));
  Start();
  EXPECT_EQ(Served(), "0042|apple|100000000");
}

TEST_F(LedgerOrderTest, OfTwoCountsOfOneTimeTheLaterOneHolds) {
  clock_.SetWall(kNoon);
  EventSource source;
  Deliver({source.Count("apple", "5", 60), source.Count("apple", "7", 60)});
  Advance(minutes(61));
  EXPECT_EQ(Served(), "0042|apple|7000000");
  Deliver({source.Count("apple", "8", 60)});
  EXPECT_EQ(Served(), "0042|apple|8000000");
}

TEST_F(LedgerOrderTest, ARebuildThatIsInterruptedGoesOnAndSaysWhatItCorrected) {
  EventSource source;
  std::vector<Sent> sales;
  for (int i = 0; i < 1200; ++i) sales.push_back(source.Sale("apple", "1", i % 600));
  Deliver(sales);
  database_.Execute("UPDATE stock SET on_hand = -7");
  database_.Execute("DELETE FROM movement WHERE position = 5");
  auto slice = RebuildSlice(store_->sql(), clock_.Wall());
  ASSERT_TRUE(slice.ok()) << slice.status().message();
  EXPECT_FALSE(slice->finished);
  EXPECT_EQ(Served(), "0042|apple|-7000000");
  Restart();
  Deliver({source.Sale("apple", "1", 1)});  // on top of what is wrong
  slice = RebuildSlice(store_->sql(), clock_.Wall());
  ASSERT_TRUE(slice.ok()) << slice.status().message();
  EXPECT_TRUE(slice->finished);
  EXPECT_EQ(slice->corrected_cells, 1u);
  EXPECT_EQ(Served(), "0042|apple|-1201000000");
  EXPECT_EQ(Query("SELECT e.kind, m.change, m.quantity FROM event e JOIN movement m"
                  " ON m.position = e.position WHERE e.position = 1202"),
            "ledger_corrected|-1193000000|-1201000000");
  EXPECT_EQ(Count("movement WHERE position = 5"), 1);
  EXPECT_EQ(Count("rebuilt_stock"), 0);
  Deliver({source.Sale("apple", "1", 2)});
  EXPECT_EQ(Query("SELECT position FROM head"), "1203");
  EXPECT_EQ(Served(), "0042|apple|-1202000000");
}

// A count costs what moved in its cell since: the statement reads by the cell and the time.
TEST_F(LedgerOrderTest, WhatMovedInACellIsFoundByAnIndex) {
  auto sql = OpenPlain(url(), false);
  ASSERT_TRUE(sql.ok()) << sql.status().message();
  const std::string text =
      std::string(database_.postgres() ? "EXPLAIN " : "EXPLAIN QUERY PLAN ") +
      "SELECT SUM(m.delta / 1000000) FROM movement m WHERE m.store_id = '1' AND m.item = '2'"
      " AND m.uom = 'EA' AND m.bucket = 'on_hand' AND m.at > 5 AND m.position < 9";
  const Statement explain(text.c_str(), "");
  const auto plan = (*sql)->Run(explain);
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  std::string steps;
  for (const std::string& cell : plan->cells) steps += cell + "\n";
  EXPECT_NE(steps.find("movement_cell"), std::string::npos) << steps;
  EXPECT_EQ(steps.find("Seq Scan"), std::string::npos) << steps;
}

TEST_F(LedgerOrderTest, CellsThatSomebodyElseHasWrittenAreReadAgain) {
  EventSource source;
  Deliver({source.Sale("apple", "1", 0)});
  database_.Execute("UPDATE stock SET on_hand = 50");
  database_.Execute("UPDATE head SET hash = 'another'");
  Deliver({source.Sale("apple", "1", 1)});
  EXPECT_EQ(OnHand(), "0042|apple|49");
}

TEST_F(LedgerOrderTest, MoreCellsThanAreKeptInMemoryAreAllRight) {
  if (database_.postgres()) return;  // there none are kept
  EventSource source;
  const size_t items = Ledger::kMostCells + 100;
  for (size_t at = 0; at < items; at += 1000) {
    std::vector<Sent> sales;
    for (size_t i = at; i < std::min(items, at + 1000); ++i) {
      sales.push_back(source.Sale("item" + std::to_string(i), "1", 0));
    }
    Deliver(sales);
  }
  Deliver({source.Sale("item0", "1", 0), source.Sale("item20099", "1", 0)});
  EXPECT_EQ(Query("SELECT item, on_hand FROM stock WHERE on_hand <> -1 ORDER BY 1"),
            "item0|-2; item20099|-2");
  EXPECT_EQ(Query("SELECT COUNT(*), SUM(on_hand) FROM stock"), "20100|-20102");
}

class MigrationTest : public LedgerOrderTest {};

TEST_F(MigrationTest, CountsKnowWhatAnOlderProgramCounted) {
  EventSource source;
  std::vector<Sent> sales;
  for (int i = 0; i < 1500; ++i) sales.push_back(source.Sale("apple", "1", i % 600));
  Deliver(sales);
  Deliver({source.Ship("TR-1", "0017", "6")});
  Stop();
  database_.AsVersion5();
  auto opened = Store::Open(url());
  ASSERT_TRUE(opened.ok()) << opened.status().message();
  // A count that comes before movement is filled waits for that.
  ASSERT_TRUE((*opened)->Begin("2027-01-01T00:00:00.000Z").ok());
  EXPECT_FALSE((*opened)->head().complete());
  (*opened)->Rollback();
  auto some = FillMovements((*opened)->sql(), 700);  // interrupted
  ASSERT_TRUE(some.ok()) << some.status().message();
  EXPECT_FALSE(*some);
  opened->reset();
  Start();
  Deliver({source.Count("apple", "100", 299)});
  Advance(seconds(1));
  Advance(seconds(1));
  Advance(seconds(1));
  EXPECT_EQ(Count("held_count"), 0);
  // 900 sales lie in the first 300 minutes, and 600 after the count.
  EXPECT_EQ(OnHand(), "0017|apple|0; 0042|apple|-500");
  EXPECT_EQ(Count("movement WHERE applied = '' AND bucket = 'on_hand'"), 1501);
  EXPECT_EQ(Count("transit WHERE since > 0"), 1);
  EXPECT_EQ(RebuildLedger(store_->sql(), clock_.Wall())->corrected_cells, 0u);
}

TEST_F(MigrationTest, EveryTableHasAPrimaryKeySoThatAllCanBePublished) {
  if (!database_.postgres()) return;
  database_.Execute("CREATE PUBLICATION everything FOR ALL TABLES");
  EventSource source;
  const Sent hole = source.Sale("apple", "1", 0), out_of_order = source.Sale("apple", "1", 1);
  Deliver({out_of_order});
  Deliver({hole});
  Deliver({source.Count("apple", "5", 2), hole});
  Advance(seconds(3));
  database_.Execute("DROP PUBLICATION everything");
  EXPECT_EQ(OnHand(), "0042|apple|5");
  EXPECT_EQ(Query("SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                  " WHERE c.relkind = 'r' AND n.nspname = current_schema() AND NOT EXISTS"
                  " (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)"),
            "");
}

}  // namespace
}  // namespace tillrelay::collector
