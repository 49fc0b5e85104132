#include "common/base/memory_budget.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/base/page_releaser.h"

namespace tillrelay {
namespace {

constexpr size_t kMiB = 1024 * 1024;

TEST(MemoryBudget, WhatIsTakenIsGivenBack) {
  MemoryBudget budget(100 * kMiB);
  auto share = budget.Take(40 * kMiB);
  ASSERT_NE(share, nullptr);
  EXPECT_EQ(budget.used(), 40 * kMiB);
  EXPECT_EQ(budget.Take(40 * kMiB), nullptr);
  EXPECT_EQ(budget.used(), 40 * kMiB);
  share.reset();
  EXPECT_EQ(budget.used(), 0);
  EXPECT_NE(budget.Take(40 * kMiB), nullptr);
}

TEST(MemoryBudget, SmallInputsFindRoomBesideLargeOnes) {
  MemoryBudget budget(100 * kMiB);
  auto large = budget.Take(75 * kMiB);
  ASSERT_NE(large, nullptr);
  EXPECT_EQ(budget.Take(2 * kMiB), nullptr);
  std::vector<std::shared_ptr<MemoryBudget::Share>> small;
  for (int i = 0; i < 25; ++i) small.push_back(budget.Take(kMiB));
  EXPECT_NE(small.back(), nullptr);
  EXPECT_EQ(budget.Take(1), nullptr);  // never more than the budget
}

TEST(MemoryBudget, WhatIsLargerThanTheBudgetIsHandledAlone) {
  MemoryBudget budget(100 * kMiB);
  auto first = budget.Take(2 * kMiB);
  EXPECT_EQ(budget.Take(1000 * kMiB), nullptr);
  first.reset();
  auto giant = budget.Take(1000 * kMiB);
  ASSERT_NE(giant, nullptr);
  EXPECT_TRUE(giant->Grow(2000 * kMiB));
  EXPECT_EQ(budget.Take(1000 * kMiB), nullptr);
  EXPECT_EQ(budget.Take(2 * kMiB), nullptr);
  EXPECT_NE(budget.Take(kMiB), nullptr);
}

TEST(MemoryBudget, AShareGrowsOnlyIntoRoomThatIsThere) {
  MemoryBudget budget(100 * kMiB);
  auto one = budget.Take(10);
  auto other = budget.Take(50 * kMiB);
  EXPECT_TRUE(one->Grow(20 * kMiB));
  EXPECT_TRUE(one->Grow(5));  // it does not shrink
  EXPECT_EQ(budget.used(), 70 * kMiB);
  EXPECT_FALSE(one->Grow(30 * kMiB));
  EXPECT_EQ(budget.used(), 70 * kMiB);
  other.reset();
  EXPECT_TRUE(one->Grow(30 * kMiB));
  one.reset();
  EXPECT_EQ(budget.used(), 0);
}

TEST(MemoryBudget, MemoryIsReturnedOnceAfterLargeInputs) {
  MemoryBudget budget(100 * kMiB);
  EXPECT_FALSE(budget.ReturnToSystem());
  budget.Take(kMiB);
  EXPECT_FALSE(budget.ReturnToSystem());
  auto large = budget.Take(2 * kMiB);
  EXPECT_FALSE(budget.ReturnToSystem());
  large.reset();
  EXPECT_TRUE(budget.ReturnToSystem());
  EXPECT_FALSE(budget.ReturnToSystem());
}

TEST(MemoryBudget, AShareMayOutliveItsBudget) {
  std::shared_ptr<MemoryBudget::Share> share;
  {
    MemoryBudget budget(100);
    share = budget.Take(10);
  }
  EXPECT_TRUE(share->Grow(20));
}

TEST(PageReleaser, WhatWasPassedIsGoneAndNothingElse) {
  constexpr size_t kBytes = 8 * kMiB, kPage = 64 * 1024;
  std::string before(100, 'a'), text(kBytes, 'x'), behind(100, 'b');
  PageReleaser releaser(text);
  releaser.Passed(text.data() + kMiB / 2);
  EXPECT_EQ(text.find('\0'), std::string::npos) << "little is not worth it";
  const size_t to = 5 * kMiB + 123;
  releaser.Passed(text.data() + to);
  EXPECT_EQ(text.substr(kPage, 4 * kMiB), std::string(4 * kMiB, '\0'));
  EXPECT_EQ(text.substr(to), std::string(kBytes - to, 'x'));
  releaser.Passed(text.data() + kMiB);  // never backwards
  releaser.Passed(text.data() + kBytes);
  EXPECT_EQ(before + behind, std::string(100, 'a') + std::string(100, 'b'));
}

}  // namespace
}  // namespace tillrelay
