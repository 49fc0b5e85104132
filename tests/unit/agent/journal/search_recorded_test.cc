// How many events a time of recording holds: what the preview of a replay promises.
#include "agent/journal/query/search.h"
#include "tests/unit/agent/journal/journal_store_fixture.h"

namespace tillrelay::journal {
namespace {

using std::chrono::seconds;

class SearchRecordedTest : public JournalStoreTest {
 protected:
  void Record(int number, int at_s) {
    ASSERT_TRUE(Append({testing::SaleDraft("03", number)}, WallTime(seconds(at_s))).ok());
  }
  uint64_t Count(int from_s, int through_s) {
    auto search = Search::Open(options_.path);
    EXPECT_TRUE(search.ok());
    return (*search)
        ->CountRecorded(WallTime(seconds(from_s)), WallTime(seconds(through_s)), UINT64_MAX - 1)
        .value();
  }
};

TEST_F(SearchRecordedTest, BothEndsBelongToIt) {
  for (int n = 1; n <= 50; ++n) Record(n, 100 * n);
  EXPECT_EQ(Count(100, 5000), 50u);
  EXPECT_EQ(Count(200, 300), 2u);
  EXPECT_EQ(Count(201, 299), 0u);
  EXPECT_EQ(Count(0, 99), 0u);
  EXPECT_EQ(Count(5001, 9000), 0u);
  for (int n = 1; n <= 50; ++n) EXPECT_EQ(Count(100 * n, 100 * n), 1u) << n;
}

TEST_F(SearchRecordedTest, ManyAtOneInstantCountEach) {
  for (int n = 1; n <= 20; ++n) Record(n, n <= 10 ? 100 : 200);
  EXPECT_EQ(Count(100, 100), 10u);
  EXPECT_EQ(Count(101, 200), 10u);
}

TEST_F(SearchRecordedTest, AnEmptyJournalHoldsNothing) { EXPECT_EQ(Count(0, 1'000'000), 0u); }

}  // namespace
}  // namespace tillrelay::journal
