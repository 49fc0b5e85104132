// Claims about events that were kept aside: applied after an hour by their id, and never twice.
#include "tests/unit/collector/collector_fixture.h"

namespace tillrelay::collector {
namespace {

using std::chrono::minutes;

class RescueTest : public CollectorTest {
 protected:
  EventSource source_;
  EventSource copy_;  // the same stream on a copied disk
};

TEST_F(RescueTest, WhatOnlyTheCopyHeldCountsAfterAnHour) {
  Deliver({source_.Sale("apple", "1")});
  Deliver({copy_.Sale("pear", "2")});
  EXPECT_EQ(Count("diverged"), 1);
  Advance(minutes(59));
  EXPECT_EQ(OnHand(), "0042|apple|-1");
  Advance(minutes(7));
  EXPECT_EQ(OnHand(), "0042|apple|-1; 0042|pear|-2");
  EXPECT_EQ(Query("SELECT position AS line FROM event ORDER BY position"), "1; 2");
  EXPECT_EQ(Through(), "0042|1");
  Advance(minutes(120));
  EXPECT_EQ(OnHand(), "0042|apple|-1; 0042|pear|-2");
}

TEST_F(RescueTest, WhatCameUnderAnotherNumberMeanwhileDoesNotCountAgain) {
  Deliver({source_.Sale("apple", "1")});
  Deliver({copy_.Sale("pear", "2")});
  EventSource renumbered("0042", "01JD3V7Q8Z5W6K2M9T4RHXCDEG");
  Deliver({renumbered.Sale("pear", "2")});  // the same document, so the same id
  Advance(minutes(70));
  EXPECT_EQ(OnHand(), "0042|apple|-1; 0042|pear|-2");
  EXPECT_EQ(Count("event"), 2);
}

TEST_F(RescueTest, WhatComesAfterItsRescueIsADuplicate) {
  Deliver({source_.Sale("apple", "1")});
  Deliver({copy_.Sale("pear", "2")});
  Advance(minutes(70));
  EventSource renumbered("0042", "01JD3V7Q8Z5W6K2M9T4RHXCDEG");
  Deliver({renumbered.Sale("pear", "2")});
  EXPECT_EQ(OnHand(), "0042|apple|-1; 0042|pear|-2");
  EXPECT_EQ(Count("duplicate"), 1);
}

TEST_F(RescueTest, TheLedgerCanBeRebuiltFromWhatWasRescued) {
  Deliver({source_.Sale("apple", "1")});
  Deliver({copy_.Sale("pear", "2")});
  Advance(minutes(70));
  Restart();
  EXPECT_EQ(OnHand(), "0042|apple|-1; 0042|pear|-2");
  EXPECT_EQ(Count("event WHERE counted = 1"), 2);
}

}  // namespace
}  // namespace tillrelay::collector
