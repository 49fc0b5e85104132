#include "common/base/worker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <vector>

namespace tillrelay {
namespace {

TEST(Worker, DoesItsWorkOnceInOrderAndFinishesItAtTheEnd) {
  std::vector<int> done;
  Worker worker("test", 1000, {});
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(worker.Post([&done, i] { done.push_back(i); }));
  worker.Stop();
  for (size_t i = 0; i < done.size(); ++i) EXPECT_EQ(done[i], static_cast<int>(i));
  EXPECT_EQ(done.size(), 1000u);
  EXPECT_FALSE(worker.Post([] {}));
}

TEST(Worker, RefusesWhatIsTooMuchInsteadOfWaiting) {
  std::promise<void> begun, go;
  Worker worker("test", 2, {});
  ASSERT_TRUE(worker.Post([&] {
    begun.set_value();
    go.get_future().wait();
  }));
  begun.get_future().wait();
  EXPECT_TRUE(worker.Post([] {}));
  EXPECT_TRUE(worker.Post([] {}));
  EXPECT_FALSE(worker.Post([] {}));
  go.set_value();
}

}  // namespace
}  // namespace tillrelay
