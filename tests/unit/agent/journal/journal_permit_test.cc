// A word of the centre allows a deletion for some minutes, and no longer.
#include <gtest/gtest.h>

#include "tests/support/journal_run.h"
#include "tests/support/manual_clock.h"
#include "tests/support/oracle.h"
#include "tests/support/seeded_random.h"
#include "tests/support/temp_dir.h"

namespace tillrelay::journal {
namespace {

TEST(JournalPermit, ExpiresWhereNobodyRenewsIt) {
  testing::TempDir dir;
  testing::Oracle oracle;
  testing::SeededRandom random;
  testing::ManualClock clock;
  testing::JournalRun run(dir.path(), &oracle, &random, &clock);
  run.options.retention = std::chrono::hours(0);
  ASSERT_TRUE(run.Start().ok());
  for (int first = 1; first <= 1200; first += 200) {
    std::vector<int> numbers;
    for (int i = first; i < first + 200; ++i) numbers.push_back(i);
    ASSERT_TRUE(run.SubmitNumbers(numbers).ok());
  }
  const auto floor = [&] { return run.Stats().floor; };
  run.Confirm(run.Stats().stream, 1200);
  run.AllowDeletion();
  clock.Advance(std::chrono::minutes(10));  // the line is gone meanwhile
  run.Tick(20);
  EXPECT_EQ(floor(), 1u);
  run.AllowDeletion();
  run.Tick(20);
  EXPECT_GT(floor(), 1u);
}

}  // namespace
}  // namespace tillrelay::journal
