// A journal with its thread, in a directory of its own; sending waits for the answer.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <future>
#include <thread>

#include "agent/journal/journal.h"
#include "tests/support/drafts.h"
#include "tests/support/seeded_random.h"
#include "tests/support/temp_dir.h"

namespace tillrelay::journal {

class JournalThreadTest : public ::testing::Test {
 protected:
  using Receipts = Result<std::vector<AppendResult>>;

  JournalThreadTest() { options_.min_free_bytes = 0; }

  void Open(const char* vfs = "") {
    options_.store.path = path_;
    options_.store.store_id = "0042";
    options_.store.vfs = vfs;
    options_.idle_tick = std::chrono::milliseconds(10);
    auto journal = Journal::Open(options_, &clock_, &random_);
    ASSERT_TRUE(journal.ok()) << journal.status().message();
    journal_ = *std::move(journal);
  }
  void Reopen() {
    journal_.reset();
    Open();
  }
  std::future<Receipts> Send(std::vector<Entry> entries) {
    auto promise = std::make_shared<std::promise<Receipts>>();
    auto future = promise->get_future();
    AppendRequest request;
    request.entries = std::move(entries);
    request.done = [promise](auto result) { promise->set_value(std::move(result)); };
    if (Status s = journal_->Submit(std::move(request)); !s.ok()) promise->set_value(s);
    return future;
  }
  Receipts SendNow(std::vector<Entry> entries) { return Send(std::move(entries)).get(); }
  // The next `count` sales in one request.
  Receipts SendSales(int count) {
    std::vector<Entry> entries;
    for (int i = 0; i < count; ++i) {
      entries.emplace_back(testing::SaleDraft("03", next_number_++));
    }
    Receipts receipts = SendNow(std::move(entries));
    if (receipts.ok()) stored_ += static_cast<uint64_t>(count);
    return receipts;
  }
  // The centre has everything, and says so now.
  void ConfirmAll(std::chrono::seconds permit = std::chrono::hours(1)) {
    const JournalStats stats = journal_->Stats();
    journal_->SaveConfirmation({stats.stream, stats.head, {}, {}, true});
    journal_->AllowDeletion(stats.stream, stats.head, clock_.Now() + permit);
  }
  template <class Claim>
  void Await(Claim&& claim) {
    while (!claim()) std::this_thread::yield();
  }
  uint64_t Bytes(const std::string& end = "") {
    struct stat info {};
    return stat((path_ + end).c_str(), &info) == 0 ? static_cast<uint64_t>(info.st_size) : 0;
  }

  testing::TempDir dir_;
  std::string path_ = dir_ / "journal.db";
  SystemClock clock_;
  testing::SeededRandom random_;
  JournalOptions options_;
  std::unique_ptr<Journal> journal_;
  int next_number_ = 1;
  uint64_t stored_ = 0;
};

}  // namespace tillrelay::journal
