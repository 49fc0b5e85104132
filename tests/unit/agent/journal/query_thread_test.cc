// The thread for questions: the right file, bounds, and its end.
#include "agent/journal/query/query_thread.h"

#include <filesystem>
#include <future>

#include "tests/unit/agent/journal/journal_store_fixture.h"

namespace tillrelay::journal {
namespace {

class QueryThreadTest : public JournalStoreTest {
 protected:
  // How many events the thread sees.
  size_t Count(QueryThread* query) {
    std::promise<size_t> reported;
    auto count = reported.get_future();
    EXPECT_TRUE(query->Ask([&](Result<Search*> search) {
      reported.set_value(search.ok() ? (*search)->Events({}).value().events.size() : SIZE_MAX);
    }));
    return count.get();
  }
};

TEST_F(QueryThreadTest, AnswersFromTheFileThatHasTheNameNow) {
  Tell(testing::SaleDraft("03", 1));
  Tell(testing::SaleDraft("03", 2));
  QueryThread query(options_.path, nullptr);
  query.Start();
  EXPECT_EQ(Count(&query), 2u);
  Close();
  for (const char* end : {"", "-wal", "-shm"}) {
    std::error_code missing;
    std::filesystem::rename(options_.path + end, options_.path + ".aside" + end, missing);
  }
  Reopen();
  Tell(testing::SaleDraft("03", 3));
  EXPECT_EQ(Count(&query), 1u);
  query.Stop();
}

TEST_F(QueryThreadTest, TooManyQuestionsAreRefusedAtOnceAndTakenOnesAnswered) {
  QueryThread query(options_.path, nullptr);
  size_t taken = 0, answered = 0;
  for (size_t i = 0; i < QueryThread::kMaxQueued + 5; ++i) {
    taken += query.Ask([&](Result<Search*>) { ++answered; }) ? 1 : 0;
  }
  EXPECT_EQ(taken, QueryThread::kMaxQueued);
  query.Start();
  query.Stop();
  EXPECT_EQ(answered, taken);
}

}  // namespace
}  // namespace tillrelay::journal
