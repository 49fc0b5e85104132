// The journal with its thread: answers after the commit, groups, bounds, poisoning, full disks.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <future>
#include <thread>

#include "agent/journal/journal.h"
#include "agent/journal/paths.h"
#include "agent/journal/repair/verify.h"
#include "agent/journal/repair/witness.h"
#include "agent/journal/stream_tables.h"
#include "tests/support/drafts.h"
#include "tests/support/fault_vfs.h"
#include "tests/support/manual_clock.h"
#include "tests/support/seeded_random.h"
#include "tests/support/temp_dir.h"

namespace tillrelay::journal {
namespace {

using testing::FaultVfs;
using testing::SaleDraft;

class JournalTest : public ::testing::Test {
 protected:
  void Open(const char* vfs = "", const Clock* clock = nullptr) {
    options_.store.path = dir_ / "journal.db";
    options_.store.store_id = "0042";
    options_.store.vfs = vfs;
    options_.min_free_bytes = 0;
    options_.idle_tick = std::chrono::milliseconds(10);
    auto journal = Journal::Open(options_, clock != nullptr ? clock : &clock_, &random_);
    ASSERT_TRUE(journal.ok()) << journal.status().message();
    journal_ = *std::move(journal);
  }
  std::future<Result<std::vector<AppendResult>>> Send(std::vector<Entry> entries) {
    auto promise = std::make_shared<std::promise<Result<std::vector<AppendResult>>>>();
    auto future = promise->get_future();
    AppendRequest request;
    request.entries = std::move(entries);
    request.done = [promise](auto result) { promise->set_value(std::move(result)); };
    if (Status s = journal_->Submit(std::move(request)); !s.ok()) promise->set_value(s);
    return future;
  }
  Result<std::vector<AppendResult>> SendNow(std::vector<Entry> entries) {
    return Send(std::move(entries)).get();
  }

  testing::TempDir dir_;
  SystemClock clock_;
  testing::ManualClock manual_clock_;
  testing::SeededRandom random_;
  JournalOptions options_;
  std::unique_ptr<Journal> journal_;
};

TEST_F(JournalTest, ManySendersGetContiguousNumbersInFewCommits) {
  Open();
  std::vector<std::future<Result<std::vector<AppendResult>>>> answers;
  for (int i = 1; i <= 500; ++i) answers.push_back(Send({SaleDraft("03", i)}));
  uint64_t expected = 0;
  for (auto& answer : answers) {
    auto receipts = answer.get();
    ASSERT_TRUE(receipts.ok());
    EXPECT_EQ(receipts->front().sequence, ++expected);
  }
  journal_->Stop();
  EXPECT_EQ(journal_->Stats().head, 500u);
  EXPECT_LT(journal_->Stats().commits_total, 500u);
}

TEST_F(JournalTest, StatsAreVisibleBeforeTheAnswer) {
  Open();
  ASSERT_TRUE(SendNow({SaleDraft("03", 1)}).ok());
  const JournalStats stats = journal_->Stats();
  EXPECT_EQ(stats.head, 1u);
  EXPECT_EQ(stats.waiting, 1u);
  EXPECT_NE(stats.oldest_waiting_at, WallTime{});
}

// Of a request in a group and of one that stands alone.
TEST_F(JournalTest, WhatIsAnsweredTheWitnessHasSeen) {
  Open();
  ASSERT_TRUE(SendNow({RejectedDocument{{"a", "", ""}, "http", "", "one"}}).ok());
  for (const uint64_t ticket : {0u, 1u}) {
    std::promise<uint64_t> seen;
    AppendRequest request;
    request.entries = {SaleDraft("03", static_cast<int>(ticket) + 1)};
    request.resolves = ticket;
    request.done = [&](auto) {
      auto witness = WitnessFile(WitnessPath(options_.store.path)).Read();
      seen.set_value(witness.ok() && *witness ? (*witness)->streams.back().head : 0);
    };
    ASSERT_TRUE(journal_->Submit(std::move(request)).ok());
    EXPECT_EQ(seen.get_future().get(), ticket + 1);
  }
}

// Not only at the next tick, which never comes here.
TEST_F(JournalTest, NothingIsAcceptedIntoAFileThatIsGone) {
  Open("", &manual_clock_);
  ASSERT_TRUE(SendNow({SaleDraft("03", 1)}).ok());
  const std::string path = options_.store.path;
  ASSERT_EQ(std::rename(path.c_str(), (path + ".away").c_str()), 0);
  EXPECT_FALSE(SendNow({SaleDraft("03", 2)}).ok());
  EXPECT_EQ(access(path.c_str(), F_OK), 0);  // what was accepted has its name again
}

// Sound in itself, and not what was given: only what was committed says so.
TEST_F(JournalTest, WhatAnotherProgramHasChangedIsNoticedBeforeAnythingIsAccepted) {
  const auto take_out = [](sqlite::Database* db) {
    ASSERT_TRUE(db->Exec("DELETE FROM event WHERE position=2").ok());
  };
  const auto another_chain = [](sqlite::Database* db) {
    sqlite::Statement save;
    ASSERT_TRUE(db->PrepareAll({{&save, kSaveStream}}).ok());
    StreamRow row = ReadStreams(db)->back();
    row.head_chain[0] ^= 1;
    ASSERT_TRUE(SaveStreamRow("0042", row, {}, "first", &save).ok());
  };
  const std::function<void(sqlite::Database*)> all[] = {take_out, another_chain};
  for (int i = 0; i < 2; ++i) {
    journal_.reset();
    for (const char* end : {"", "-wal", "-shm", ".witness"}) {
      unlink((dir_ / "journal.db" + end).c_str());
    }
    Open("", &manual_clock_);
    for (int n = 1; n <= 3; ++n) ASSERT_TRUE(SendNow({SaleDraft("03", n)}).ok());
    {
      auto db = sqlite::Database::Open(options_.store.path, {});
      ASSERT_TRUE(db.ok());
      all[i](&*db);
    }
    // Two writes within a tick of the kernel's clock bear one time.
    const std::filesystem::path log = options_.store.path + "-wal";
    std::filesystem::last_write_time(
        log, std::filesystem::last_write_time(log) + std::chrono::seconds(1));
    EXPECT_FALSE(SendNow({SaleDraft("03", 4)}).ok()) << i;
    EXPECT_NE(journal_->Refusing().find("another program has written"), std::string::npos) << i;
  }
}

TEST_F(JournalTest, ConfirmationMovesTheWatermark) {
  Open();
  ASSERT_TRUE(SendNow({SaleDraft("03", 1), SaleDraft("03", 2)}).ok());
  const JournalStats before = journal_->Stats();
  journal_->SaveConfirmation({before.stream, 2, {}, {}, true});
  journal_->SaveConfirmation({"another stream", 1, {}, {}, true});
  ASSERT_TRUE(SendNow({SaleDraft("03", 1)}).ok());  // behind the watermarks in the queue
  EXPECT_EQ(journal_->Stats().confirmed_through, 2u);
  EXPECT_EQ(journal_->Stats().waiting, 0u);
}

TEST_F(JournalTest, FullQueueRefusesAndStoresNothing) {
  options_.queue_bytes = 1;
  options_.queue_events = 1;
  Open();
  int refused = 0;
  std::vector<std::future<Result<std::vector<AppendResult>>>> answers;
  for (int i = 1; i <= 200; ++i) answers.push_back(Send({SaleDraft("03", i)}));
  uint64_t stored = 0;
  for (auto& answer : answers) {
    auto result = answer.get();
    if (result.ok()) {
      EXPECT_EQ(result->front().sequence, ++stored);
    } else {
      EXPECT_EQ(result.status().code(), Code::kFull);
      ++refused;
    }
  }
  EXPECT_EQ(journal_->Stats().head, stored);
  EXPECT_EQ(stored + static_cast<uint64_t>(refused), 200u);
}

TEST_F(JournalTest, DryRunAnswersAndStoresNothing) {
  Open();
  std::promise<Result<std::vector<AppendResult>>> promise;
  AppendRequest request;
  request.entries = {SaleDraft("03", 1)};
  request.done = [&](auto result) { promise.set_value(std::move(result)); };
  ASSERT_TRUE(journal_->Try(std::move(request)).ok());
  auto receipts = promise.get_future().get();
  ASSERT_TRUE(receipts.ok());
  EXPECT_EQ(receipts->front().outcome, Outcome::kStored);
  EXPECT_EQ(journal_->Stats().head, 0u);
}

TEST_F(JournalTest, FullQuarantineDoesNotTakeOthersOfItsGroupWithIt) {
  options_.store.quarantine_max_count = 1;
  Open();
  const RejectedDocument one{{"a", "", ""}, "http", "", "one"};
  const RejectedDocument two{{"a", "", ""}, "http", "", "two"};
  ASSERT_TRUE(SendNow({one}).ok());
  auto sale = Send({SaleDraft("03", 1)});
  auto refused = Send({two});
  auto another = Send({SaleDraft("03", 2)});
  EXPECT_TRUE(sale.get().ok());
  EXPECT_EQ(refused.get().status().code(), Code::kFull);
  EXPECT_TRUE(another.get().ok());
  EXPECT_TRUE(journal_->Refusing().empty());
}

TEST_F(JournalTest, ATicketStaysWhileAnythingOfItsSuccessorCannotBeTaken) {
  options_.store.quarantine_max_count = 1;
  Open();
  ASSERT_TRUE(SendNow({RejectedDocument{{"a", "", ""}, "http", "", "one"}}).ok());
  std::promise<Result<std::vector<AppendResult>>> promise;
  AppendRequest request;
  request.entries = {SaleDraft("03", 1), RejectedDocument{{"a", "", ""}, "http", "", "two"}};
  request.resolves = 1;
  request.done = [&](auto result) { promise.set_value(std::move(result)); };
  ASSERT_TRUE(journal_->Submit(std::move(request)).ok());
  auto receipts = promise.get_future().get();
  ASSERT_TRUE(receipts.ok());
  EXPECT_EQ((*receipts)[0].sequence, 0u) << "not stored either";
  EXPECT_EQ((*receipts)[1].outcome, Outcome::kRefused);
  EXPECT_EQ(journal_->Stats().head, 0u);
  EXPECT_EQ(journal_->Stats().quarantined, 1u);
}

TEST_F(JournalTest, PoisonedAfterAFailedCommitAndHealsByReopening) {
  FaultVfs& vfs = FaultVfs::Instance();
  vfs.Reset();
  Open(FaultVfs::kName);
  ASSERT_TRUE(SendNow({SaleDraft("03", 1)}).ok());
  vfs.FailAt(vfs.operations() + 1, FaultVfs::Failure::kIo, true);
  EXPECT_FALSE(SendNow({SaleDraft("03", 2)}).ok());
  EXPECT_FALSE(journal_->Refusing().empty());
  EXPECT_FALSE(SendNow({SaleDraft("03", 3)}).ok());
  vfs.FailAt(0, FaultVfs::Failure::kIo, false);
  while (!journal_->Refusing().empty()) std::this_thread::yield();
  auto receipts = SendNow({SaleDraft("03", 3)});
  ASSERT_TRUE(receipts.ok());
  EXPECT_EQ(receipts->front().sequence, journal_->Stats().head);
  auto again = SendNow({SaleDraft("03", 1)});
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->front().outcome, Outcome::kDuplicate);
}

// What the failed commit left in the log may be on no disk: the file alone is no reason to accept.
TEST_F(JournalTest, NothingIsAcceptedBeforeTheLogIsInTheDatabase) {
  FaultVfs& vfs = FaultVfs::Instance();
  vfs.Reset();
  const auto rounds = std::make_shared<std::atomic<uint64_t>>(0);
  options_.beat = [rounds] { ++*rounds; };
  Open(FaultVfs::kName, &manual_clock_);  // repairs are tried when it moves
  const auto repair = [&] {
    manual_clock_.Advance(options_.idle_tick);
    const uint64_t behind = *rounds + 3;
    while (*rounds < behind) std::this_thread::yield();
  };
  ASSERT_TRUE(SendNow({SaleDraft("03", 1)}).ok());
  vfs.FailAt(vfs.operations() + 1, FaultVfs::Failure::kIo, true);
  EXPECT_FALSE(SendNow({SaleDraft("03", 2)}).ok());
  vfs.FailAt(vfs.operations() + 1, FaultVfs::Failure::kIo, false);  // the first of the repair
  repair();
  EXPECT_TRUE(vfs.failed());
  EXPECT_FALSE(journal_->Refusing().empty());
  repair();
  EXPECT_TRUE(journal_->Refusing().empty()) << journal_->Refusing();
  EXPECT_TRUE(SendNow({SaleDraft("03", 2)}).ok());
}

TEST_F(JournalTest, DiskFullRefusesNewEventsKeepsOldAndRecovers) {
  FaultVfs& vfs = FaultVfs::Instance();
  vfs.Reset();
  Open(FaultVfs::kName);
  ASSERT_TRUE(SendNow({SaleDraft("03", 1)}).ok());
  vfs.FailAt(vfs.operations() + 1, FaultVfs::Failure::kFull, true);
  auto refused = SendNow({SaleDraft("03", 2)});
  EXPECT_EQ(refused.status().code(), Code::kFull);
  auto known = SendNow({SaleDraft("03", 1)});
  ASSERT_TRUE(known.ok()) << known.status().message();
  EXPECT_EQ(known->front().outcome, Outcome::kDuplicate);
  EXPECT_EQ(known->front().sequence, 1u);
  EXPECT_EQ(SendNow({SaleDraft("03", 1), SaleDraft("03", 2)}).status().code(), Code::kFull);
  vfs.FailAt(0, FaultVfs::Failure::kFull, false);
  while (!journal_->Refusing().empty()) std::this_thread::yield();
  auto receipts = SendNow({SaleDraft("03", 2)});
  ASSERT_TRUE(receipts.ok());
  EXPECT_EQ(receipts->front().sequence, 2u);
}

TEST_F(JournalTest, WhatWaitsBehindAnOpeningHasItsTime) {
  Open();
  ASSERT_TRUE(SendNow({SaleDraft("03", 1)}).ok());
  const JournalStats before = journal_->Stats();
  journal_->Fork(1, "a test says so");
  while (journal_->Stats().stream == before.stream) std::this_thread::yield();
  EXPECT_EQ(journal_->Stats().waiting, 2u);
  EXPECT_EQ(journal_->Stats().oldest_waiting_at, before.oldest_waiting_at);
  EXPECT_NE(before.oldest_waiting_at, WallTime{});
}

// A stream that ended with events that nobody has confirmed: they wait like those of the current
// one.
TEST_F(JournalTest, WhatWaitsInAnEarlierStreamWaits) {
  Open();
  ASSERT_TRUE(SendNow({SaleDraft("03", 1), SaleDraft("03", 2), SaleDraft("03", 3)}).ok());
  const JournalStats before = journal_->Stats();
  journal_.reset();
  ASSERT_TRUE(std::filesystem::remove(options_.store.path + ".witness"));
  Open();
  ASSERT_NE(journal_->Stats().stream, before.stream) << "nobody knows what else was given";
  const auto waits = [&] { return journal_->Stats().waiting; };
  const auto await = [&](uint64_t events) {
    while (waits() != events) std::this_thread::yield();
  };
  const uint64_t head = journal_->Stats().head;  // the opening, and that nobody knows the end
  await(3 + head);
  EXPECT_EQ(journal_->Stats().oldest_waiting_at, before.oldest_waiting_at);
  auto verified = Verify(options_.store.path, nullptr, 1);
  ASSERT_TRUE(verified.ok());
  EXPECT_EQ(verified->waiting, 3 + head);
  const std::string now = journal_->Stats().stream;
  journal_->SaveConfirmation({now, head, {}, {}, true});
  await(3);
  journal_->SaveConfirmation({before.stream, 2, {}, {}, true});
  await(1);
  ASSERT_TRUE(SendNow({SaleDraft("03", 4)}).ok());
  await(2);
  journal_->SaveConfirmation({before.stream, 3, {}, {}, true});
  await(1);
}

TEST_F(JournalTest, ARequestThatWantsNoAnswerTakesNobodyElses) {
  Open();
  std::promise<void> first, go_on;
  AppendRequest holding;  // keeps the journal busy, so that the next two make one group
  holding.entries = {SaleDraft("03", 1)};
  holding.done = [&](auto) {
    first.set_value();
    go_on.get_future().wait();
  };
  ASSERT_TRUE(journal_->Submit(std::move(holding)).ok());
  first.get_future().wait();
  AppendRequest silent;
  silent.entries = {SaleDraft("03", 2)};
  ASSERT_TRUE(journal_->Submit(std::move(silent)).ok());
  auto answer = Send({SaleDraft("03", 3), SaleDraft("03", 4)});
  go_on.set_value();
  auto receipts = answer.get();
  ASSERT_TRUE(receipts.ok());
  ASSERT_EQ(receipts->size(), 2u);
  EXPECT_EQ(receipts->front().sequence, 3u);
}

TEST_F(JournalTest, StopFinishesWhatIsQueued) {
  Open();
  std::vector<std::future<Result<std::vector<AppendResult>>>> answers;
  for (int i = 1; i <= 100; ++i) answers.push_back(Send({SaleDraft("03", i)}));
  journal_->Stop();
  for (auto& answer : answers) EXPECT_TRUE(answer.get().ok());
  EXPECT_EQ(Send({SaleDraft("03", 101)}).get().status().code(), Code::kUnavailable);
}

}  // namespace
}  // namespace tillrelay::journal
