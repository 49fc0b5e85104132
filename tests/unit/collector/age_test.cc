// Deletion by age goes by the time that was seen to pass; what may have been deleted is never
// counted again.
#include "collector/db/purged_ranges.h"
#include "collector/web/views.h"
#include "common/event/time_text.h"
#include "tests/unit/collector/collector_fixture.h"

namespace tillrelay::collector {
namespace {

using std::chrono::hours;

class AgeTest : public CollectorTest {
 protected:
  AgeTest() {
    Stop();
    config_.retention_days = 400;
    Start();
  }
  static constexpr hours kDay{24};
  // Days in which the collector runs.
  void Days(int days) {
    for (int day = 0; day < days; day += 20) {
      Advance(std::min(20, days - day) * kDay);
      Advance(seconds(60));
    }
  }
  std::string Positions() {
    return Query("SELECT position FROM event WHERE counted = 1 ORDER BY 1");
  }
  // `sale` as recorded at another time, and under another number of the stream of `source`.
  static Sent RecordedAt(Sent sale, WallTime at) {
    const std::string was = "2026-11-21T16:42:09.512Z";
    sale.payload.replace(sale.payload.find(was), was.size(), event::UtcText(at));
    return sale;
  }
  uint64_t Doubtful() { return ReadFacts(store_->sql()).value()["0042"].doubtful; }

  EventSource source_;
  EventSource younger_{"0042", "01JD3V7Q8Z5W6K2M9T4RHXCDEG"};
};

TEST_F(AgeTest, EventsGoAfterTheirTimeAndNotBefore) {
  Deliver({source_.Sale("apple", "1")});
  Days(200);
  Deliver({source_.Sale("apple", "1")});
  Days(198);
  EXPECT_EQ(Positions(), "1; 2");
  Days(3);
  EXPECT_EQ(Positions(), "2");
  Days(200);
  EXPECT_EQ(Positions(), "");
  EXPECT_EQ(OnHand(), "0042|apple|-2");
}

TEST_F(AgeTest, AWallClockThatIsWrongDeletesNothingAndKeepsNothingForEver) {
  Deliver({source_.Sale("apple", "1")});
  Days(100);
  const WallTime right = clock_.Wall();
  for (const int days : {3650, -20'000, 20'000, -500}) {
    clock_.SetWall(right + days * kDay);
    Deliver({source_.Sale("apple", "1")});
    Days(1);
    Restart();
    Days(1);
    clock_.SetWall(right);
    Days(20);
    ASSERT_EQ(Count("event WHERE counted = 0"), 0) << days;
  }
  EXPECT_EQ(Positions(), "1; 2; 3; 4; 5");
  clock_.SetWall(right - 10'000 * kDay);  // and now for good
  Days(309);
  EXPECT_EQ(Positions(), "2; 3; 4; 5");
  Days(90);
  EXPECT_EQ(Positions(), "");
}

TEST_F(AgeTest, TimeInWhichNoCollectorRanDoesNotCount) {
  Deliver({source_.Sale("apple", "1")});
  Days(200);
  Stop();
  clock_.Advance(300 * kDay);
  Start();
  Days(100);
  EXPECT_EQ(Positions(), "1");
  Days(101);
  EXPECT_EQ(Positions(), "");
}

// The store was set back to a backup, or forked: the same documents under new numbers.
TEST_F(AgeTest, WhatMayHaveBeenDeletedIsKeptAndNeverCountedAgain) {
  const Sent first = source_.Sale("apple", "1"), second = source_.Sale("apple", "1");
  Deliver({first, second});
  Days(401);
  ASSERT_EQ(Positions(), "");
  Deliver({younger_.Again(first)});
  Restart();
  const Sent hole = younger_.Again(second);
  const Sent fresh = RecordedAt(younger_.Sale("pear", "1"), clock_.Wall());
  Deliver({fresh});  // an island
  Deliver({hole});
  EXPECT_EQ(OnHand(), "0042|apple|-2; 0042|pear|-1");
  EXPECT_EQ(Query("SELECT sequence FROM doubtful ORDER BY sequence"), "1; 2");
  EXPECT_EQ(Doubtful(), 2u);
  EXPECT_EQ(Query("SELECT confirmed_through FROM stream ORDER BY stream"), "2; 3");
  EXPECT_EQ(collector_->counters().doubtful, 1u);  // since the restart
  Deliver({younger_.Again(first)});
  EXPECT_EQ(Doubtful(), 3u);
  EXPECT_EQ(OnHand(), "0042|apple|-2; 0042|pear|-1");
}

TEST_F(AgeTest, AnIslandThatMayHaveBeenDeletedIsNotCountedEither) {
  const Sent first = source_.Sale("apple", "1");
  Deliver({first});
  Days(401);
  const Sent hole = RecordedAt(younger_.Sale("pear", "1"), clock_.Wall());
  const Sent again = younger_.Again(first);
  Deliver({again});
  Deliver({hole});
  EXPECT_EQ(OnHand(), "0042|apple|-1; 0042|pear|-1");
  EXPECT_EQ(Doubtful(), 1u);
}

// Kept aside while its id was known; an hour later nobody knows it any more.
TEST_F(AgeTest, WhatIsKeptAsideIsNotRescuedWhenItMayHaveCounted) {
  const Sent first = source_.Sale("apple", "1");
  Deliver({first});
  EventSource copy;  // another copy of the same disk, which gave the number to something else
  copy.Sale("plum", "1");
  Sent other = copy.Again(first);
  other.sequence = 1;
  Deliver({first});
  database_.Execute(
      "INSERT INTO diverged SELECT store_id, stream, sequence, 'ff', body, '1990', id, kind,"
      " occurred_at, recorded_at FROM event");
  Days(401);
  ASSERT_EQ(Positions(), "");
  Days(1);
  EXPECT_EQ(OnHand(), "0042|apple|-1");
}

// The clock of the store was ahead for a day; what it records afterwards is not in doubt.
TEST_F(AgeTest, OneWrongDayOfAStoresClockDoesNotDoubtEverythingBeforeIt) {
  const WallTime wrong = clock_.Wall() + 20'000 * kDay;
  const Sent first = source_.Sale("apple", "1");
  Deliver({RecordedAt(first, clock_.Wall()), RecordedAt(source_.Sale("apple", "1"), wrong)});
  Days(401);
  ASSERT_EQ(Positions(), "");
  Deliver({RecordedAt(younger_.Sale("pear", "1"), clock_.Wall()),
           RecordedAt(younger_.Again(first), wrong),
           RecordedAt(younger_.Again(first), clock_.Wall() - 402 * kDay)});
  EXPECT_EQ(OnHand(), "0042|apple|-2; 0042|pear|-1");
  EXPECT_EQ(Query("SELECT sequence FROM doubtful ORDER BY sequence"), "2; 3");
}

TEST_F(AgeTest, WhatStandsBesideOldEventsGoesWithThem) {
  const Sent sale = source_.Sale("apple", "1");
  Deliver({sale, sale});
  Deliver({younger_.Again(sale), younger_.Sale("pear", "1")});
  ASSERT_EQ(Count("duplicate"), 2);
  ASSERT_EQ(Count("event WHERE counted = 0"), 1);
  Days(401);
  EXPECT_EQ(Count("event"), 0);
  EXPECT_EQ(Count("movement"), 0);
  EXPECT_EQ(Count("duplicate"), 0);
  EXPECT_EQ(OnHand(), "0042|apple|-1; 0042|pear|-1");
}

TEST_F(AgeTest, MoreThanOneTransactionGoesAtOnce) {
  std::vector<Sent> sales;
  for (int i = 0; i < 4500; ++i) sales.push_back(source_.Sale("apple", "1", i % 600));
  Deliver(sales);
  Days(400);
  // Each turn of the loop deletes as much as one transaction may, without a pause of its own.
  for (int turn = 0; turn < 3; ++turn) Advance(seconds(60));
  for (int turn = 0; turn < 5; ++turn) Turn();
  EXPECT_EQ(Count("event"), 0);
}

// What moved since such a count is not known any more.
TEST_F(AgeTest, ACountFromBeforeWhatWasDeletedIsNotAppliedAndSaid) {
  Deliver({source_.Sale("apple", "1", 30)});
  Days(401);
  ASSERT_EQ(Positions(), "");
  Deliver({RecordedAt(source_.Count("apple", "50", 5), clock_.Wall())});
  EXPECT_EQ(OnHand(), "0042|apple|-1");
  EXPECT_EQ(Query("SELECT reason FROM held_count"), "too_old");
  EXPECT_EQ(ReadFacts(store_->sql()).value()["0042"].too_old, 1u);
  Advance(hours(1000));
  EXPECT_EQ(OnHand(), "0042|apple|-1");
  Deliver({RecordedAt(source_.Count("apple", "20", 350), clock_.Wall())});
  EXPECT_EQ(OnHand(), "0042|apple|20");
  Advance(seconds(61));
  EXPECT_EQ(Count("held_count"), 0);
}

TEST_F(AgeTest, WhatOtherStoresHaveForgottenIsNoDoubt) {
  Deliver({source_.Sale("apple", "1")});
  Days(401);
  EventSource other("0043");
  Deliver({other.Sale("apple", "1")});
  EXPECT_EQ(OnHand(), "0042|apple|-1; 0043|apple|-1");
}

TEST_F(AgeTest, TablesWithoutMarksBeginToAgeAndDoubtWhatLiesBeforeThem) {
  const Sent gone = source_.Sale("apple", "1");
  Deliver({gone, source_.Sale("apple", "1")});
  Stop();
  database_.AsVersion5();
  for (const char* table : {"observed", "age_mark", "forgotten", "doubtful", "unapplied"}) {
    database_.Execute(std::string("DROP TABLE ") + table);
  }
  database_.Execute("DELETE FROM event WHERE position = 1");
  database_.Execute("UPDATE head SET purged = 1");
  database_.Execute(database_.postgres() ? "UPDATE schema_version SET version = 3"
                                         : "PRAGMA user_version = 3");
  clock_.Advance(1000 * kDay);
  Start();
  Days(399);
  EXPECT_EQ(Positions(), "2");
  Deliver({younger_.Again(gone)});
  EXPECT_EQ(Doubtful(), 1u);
  EXPECT_EQ(OnHand(), "0042|apple|-2");
}

TEST(ForgottenTest, EveryTimeThatWasNotedIsDoubtedAndRangesStayFew) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    testing::SeededRandom random(seed);
    PurgedRanges ranges;
    std::vector<WallTime> noted;
    for (int i = 0; i < 300; ++i) {
      noted.emplace_back(hours(random.Below(1'000'000)));
      NotePurged(noted.back(), &ranges);
      ASSERT_LE(ranges.size(), kMaxForgotten);
      for (size_t r = 1; r < ranges.size(); ++r) {
        ASSERT_GT(ranges[r].first - ranges[r - 1].last, kForgottenGap);
      }
      for (const WallTime at : noted) ASSERT_TRUE(MayBePurged(ranges, at, WallTime{})) << seed;
    }
    EXPECT_FALSE(MayBePurged(ranges, WallTime(hours(2'000'000)), WallTime(hours(3'000'000))));
  }
}

}  // namespace
}  // namespace tillrelay::collector
