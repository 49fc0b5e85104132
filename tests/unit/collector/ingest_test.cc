// Claims about what reaches the store: once each, in order, never past a hole, never unproven.
#include <algorithm>

#include "collector/db/schema.h"
#include "tests/unit/collector/collector_fixture.h"

namespace tillrelay::collector {
namespace {

class IngestTest : public CollectorTest {
 protected:
  std::vector<Sent> Sales(int count) {
    std::vector<Sent> sales;
    for (int i = 0; i < count; ++i) sales.push_back(source_.Sale("apple", "1", i));
    return sales;
  }
  EventSource source_;
};

TEST_F(IngestTest, EventsInOrderAreCountedOnceEach) {
  Deliver(Sales(3));
  EXPECT_EQ(Through(), "0042|3");
  EXPECT_EQ(OnHand(), "0042|apple|-3");
  EXPECT_EQ(Query("SELECT position || '|' || sequence || '|' || counted AS line FROM event"),
            "1|1|1; 2|2|1; 3|3|1");
}

TEST_F(IngestTest, TheBodyIsTheExactBytesOfData) {
  const auto sales = Sales(1);
  Deliver(sales);
  EXPECT_EQ(Query("SELECT body AS line FROM event"), sales[0].data);
  EXPECT_EQ(Query("SELECT id || '|' || chain AS line FROM event"),
            UuidText(sales[0].id) + "|" + ToHex(BytesOf(sales[0].chain)));
}

TEST_F(IngestTest, DuplicatesHaveNoEffectAndAreCountedAsSeen) {
  const auto sales = Sales(3);
  Deliver(sales);
  Deliver(sales);
  Deliver({sales[1], sales[1]});
  EXPECT_EQ(OnHand(), "0042|apple|-3");
  EXPECT_EQ(Query("SELECT sequence || '|' || seen AS line FROM duplicate ORDER BY sequence"),
            "1|1; 2|3; 3|1");
}

TEST_F(IngestTest, AnyOrderGivesTheSamePositionsAndStock) {
  auto sales = Sales(5);
  std::reverse(sales.begin(), sales.end());
  Deliver(sales);
  EXPECT_EQ(Through(), "0042|5");
  EXPECT_EQ(OnHand(), "0042|apple|-5");
  EXPECT_EQ(Query("SELECT position || '|' || sequence AS line FROM event ORDER BY position"),
            "1|1; 2|2; 3|3; 4|4; 5|5");
}

TEST_F(IngestTest, AHoleIsNeverJumped) {
  const auto sales = Sales(4);
  Deliver({sales[0], sales[2], sales[3]});
  EXPECT_EQ(Through(), "0042|1");
  EXPECT_EQ(OnHand(), "0042|apple|-1");
  EXPECT_EQ(Query("SELECT sequence || '|' || counted AS line FROM event ORDER BY sequence"),
            "1|1; 3|0; 4|0");
  Deliver({sales[1]});
  EXPECT_EQ(Through(), "0042|4");
  EXPECT_EQ(OnHand(), "0042|apple|-4");
}

TEST_F(IngestTest, AnIslandSeenTwiceIsHeldOnce) {
  const auto sales = Sales(2);
  Deliver({sales[1], sales[1]});
  Deliver({sales[0]});
  EXPECT_EQ(OnHand(), "0042|apple|-2");
  EXPECT_EQ(Count("duplicate"), 1);
}

TEST_F(IngestTest, ARestartContinuesWhereTheRowsAre) {
  const auto sales = Sales(5);
  Deliver({sales[0], sales[1], sales[3]});
  Restart();
  Deliver({sales[1], sales[2]});
  EXPECT_EQ(Through(), "0042|4");
  Deliver({sales[4]});
  EXPECT_EQ(OnHand(), "0042|apple|-5");
  EXPECT_EQ(Query("SELECT MAX(position) AS line FROM event"), "5");
}

TEST_F(IngestTest, ACrashBeforeTheCommitLeavesNothing) {
  const auto sales = Sales(2);
  Deliver({sales[0]});
  std::string payload = sales[1].payload;
  const JsonValue root = parser_.Parse(payload).value();
  const Arrived arrived = ReadArrived(root).value();
  ASSERT_TRUE(store_->Begin("2026-11-21T17:00:00.000Z").ok());
  ASSERT_EQ(store_->Apply(arrived).value(), Outcome::kCounted);
  store_->Rollback();
  EXPECT_EQ(Through(), "0042|1");
  EXPECT_EQ(OnHand(), "0042|apple|-1");
  Deliver({sales[1]});
  EXPECT_EQ(Through(), "0042|2");
  EXPECT_EQ(OnHand(), "0042|apple|-2");
}

TEST_F(IngestTest, ATamperedBodyIsRefusedAndAskedForAgain) {
  const auto sales = Sales(2);
  Sent tampered = sales[1];
  const size_t at = tampered.payload.find("\"quantity\":\"1\"");
  ASSERT_NE(at, std::string::npos);
  tampered.payload[at + 12] = '9';
  Deliver({sales[0], tampered});
  EXPECT_EQ(Through(), "0042|1");
  EXPECT_EQ(collector_->counters().broken_chain, 1u);
  EXPECT_EQ(Count("diverged"), 0);
  DeliverStatus(source_, {.head = 1});
  Advance(seconds(3));
  EXPECT_EQ(Requests(), std::vector<std::string>{"2-2"});
  Deliver({sales[1]});
  EXPECT_EQ(OnHand(), "0042|apple|-2");
}

TEST_F(IngestTest, AnEventOfAnotherStoreThanItsTopicIsRefused) {
  Sent foreign = Sales(1)[0];
  foreign.topic = "tillrelay/v1/0017/events";
  Deliver({foreign});
  EXPECT_EQ(Count("event"), 0);
  EXPECT_EQ(Count("stream"), 0);
  EXPECT_EQ(collector_->counters().foreign, 1u);
}

TEST_F(IngestTest, RubbishIsCountedAndTheRestOfTheGroupStored) {
  const auto sales = Sales(2);
  Sent rubbish = sales[0];
  rubbish.payload = "{\"specversion\":\"1.0\"";
  Sent strange = sales[0];
  strange.payload = "[1,2,3]";
  Deliver({sales[0], rubbish, strange, sales[1]});
  EXPECT_EQ(Through(), "0042|2");
  EXPECT_EQ(collector_->counters().malformed, 4u);  // a batch of three is read one by one
}

TEST_F(IngestTest, EveryPrefixOfAMessageIsRefusedWithoutTrace) {
  const Sent sale = Sales(1)[0];
  std::vector<Sent> cut;
  for (size_t length = 0; length < sale.payload.size(); ++length) {
    cut.push_back(sale);
    cut.back().payload.resize(length);
  }
  Deliver(cut);
  EXPECT_EQ(Count("event"), 0);
  EXPECT_EQ(collector_->counters().malformed, cut.size());
  Deliver({sale});
  EXPECT_EQ(Through(), "0042|1");
}

TEST_F(IngestTest, AnotherStreamHasItsOwnWatermark) {
  EventSource other("0042", "01JD3V7Q8Z5W6K2M9T4RHXCDEG");
  other.Sale("pear", "1");  // the document number 1 is another receipt than ours
  Deliver(Sales(2));
  Deliver({other.Sale("pear", "1", 1)});
  EXPECT_EQ(Query("SELECT confirmed_through AS line FROM stream ORDER BY stream"), "2; 0");
}

TEST_F(IngestTest, AnIdUnderAnotherNumberCountsOnce) {
  const auto sales = Sales(2);
  EventSource renumbered("0042", "01JD3V7Q8Z5W6K2M9T4RHXCDEG");
  Deliver(sales);
  Deliver({renumbered.Again(sales[1]), renumbered.Again(sales[0])});
  EXPECT_EQ(OnHand(), "0042|apple|-2");
  EXPECT_EQ(Query("SELECT confirmed_through AS line FROM stream ORDER BY stream"), "2; 2");
  EXPECT_EQ(Count("event WHERE counted = 1"), 2);
  EXPECT_EQ(Count("duplicate WHERE stream LIKE '%G'"), 2);
  EXPECT_EQ(Query("SELECT MAX(position) AS line FROM event"), "2");
}

TEST_F(IngestTest, AnIslandWhoseIdHasCountedMeanwhileHasNoEffect) {
  const auto sales = Sales(1);
  EventSource renumbered("0042", "01JD3V7Q8Z5W6K2M9T4RHXCDEG");
  const Sent first = renumbered.Sale("pear", "1", 5);
  const Sent out_of_order = renumbered.Again(sales[0]);
  Deliver({out_of_order});
  Deliver(sales);
  Deliver({first});
  EXPECT_EQ(OnHand(), "0042|apple|-1; 0042|pear|-1");
}

TEST_F(IngestTest, ASecondHistoryBelowTheWatermarkIsKeptAside) {
  Deliver(Sales(2));
  EventSource clone;
  const Sent other = clone.Sale("pear", "7", 30);
  Deliver({other, other});
  EXPECT_EQ(Through(), "0042|2");
  EXPECT_EQ(OnHand(), "0042|apple|-2");
  EXPECT_EQ(Query("SELECT sequence || '|' || body AS line FROM diverged"), "1|" + other.data);
  EXPECT_EQ(collector_->counters().forks, 2u);
}

TEST_F(IngestTest, AnEventThatDoesNotFollowOursIsKeptAsideAndNotConfirmed) {
  Deliver(Sales(2));
  EventSource clone;
  clone.Sale("pear", "1", 30);
  clone.Sale("pear", "2", 31);
  Deliver({clone.Sale("pear", "3", 32)});
  EXPECT_EQ(Through(), "0042|2");
  EXPECT_EQ(Query("SELECT sequence AS line FROM diverged"), "3");
  EXPECT_EQ(OnHand(), "0042|apple|-2");
}

TEST_F(IngestTest, AnIslandThatTurnsOutForeignIsKeptAsideAndItsNumberAskedFor) {
  const auto sales = Sales(3);
  EventSource clone;
  clone.Sale("pear", "1", 30);
  const Sent foreign = clone.Sale("pear", "2", 31);
  Deliver({foreign, sales[2]});
  Deliver({sales[0]});
  EXPECT_EQ(Through(), "0042|1");
  EXPECT_EQ(Query("SELECT sequence AS line FROM diverged"), "2");
  Deliver({sales[1]});
  EXPECT_EQ(Through(), "0042|3");
  EXPECT_EQ(OnHand(), "0042|apple|-3");
}

TEST_F(IngestTest, ASecondIslandForANumberTakesItsPlace) {
  const auto sales = Sales(2);
  EventSource clone;
  clone.Sale("pear", "1", 30);
  Deliver({clone.Sale("pear", "2", 31), sales[1]});
  EXPECT_EQ(Query("SELECT sequence AS line FROM diverged"), "2");
  Deliver({sales[0]});
  EXPECT_EQ(Through(), "0042|2");
}

TEST_F(IngestTest, BeyondTheIslandBoundEventsAreDroppedAndComeAgain) {
  std::vector<Sent> sales = Sales(1);
  for (size_t i = 0; i < kMaxIslands + 5; ++i) sales.push_back(source_.Sale("apple", "1"));
  Deliver({sales.begin() + 1, sales.end()});
  EXPECT_EQ(collector_->counters().dropped, 5u);
  EXPECT_EQ(Count("event"), static_cast<int64_t>(kMaxIslands));
  Deliver({sales[0]});
  EXPECT_EQ(Through(), "0042|" + std::to_string(kMaxIslands + 1));
  Deliver({sales.end() - 5, sales.end()});
  EXPECT_EQ(Through(), "0042|" + std::to_string(kMaxIslands + 6));
}

TEST_F(IngestTest, ASecondCollectorOnTheSameDatabaseIsRefused) {
  const auto second = Store::Open("sqlite:" + database_.path());
  if (database_.postgres()) {  // where sharing is what the database is for
    EXPECT_TRUE(Store::Open(url()).ok());
    return;
  }
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), Code::kConflict);
}

TEST_F(IngestTest, ADatabaseOfANewerProgramIsNotTouched) {
  Stop();
  const std::string newer = std::to_string(kSchemaVersion + 1);
  database_.Execute(
      (database_.postgres() ? "UPDATE schema_version SET version = " : "PRAGMA user_version = ") +
      newer);
  const auto opened = Store::Open(url());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.status().code(), Code::kInvalid);
}

}  // namespace
}  // namespace tillrelay::collector
