// The capture thread: woken by the kernel or by its clock, gone at once when asked.
#include "agent/capture/drop_watch.h"

#include "tests/unit/agent/capture/drop_fixture.h"

namespace tillrelay::capture {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class DropWatchTest : public DropFolderTest {
 protected:
  void Start(seconds rescan) {
    watch_ = std::make_unique<DropWatch>(std::move(folder_), rescan, options_.settle,
                                         [this] { ++beats_; });
    ASSERT_TRUE(watch_->Start().ok());
  }
  void Rename(const std::string& name, const std::string& bytes) {
    Write(dir_ / "outside", bytes);
    std::filesystem::rename(dir_ / "outside", Path("incoming/" + name));
  }
  void AwaitDone(uint64_t files) {
    while (Stats().files_done < files) std::this_thread::yield();
  }

  std::atomic<int> beats_{0};
  std::unique_ptr<DropWatch> watch_;
};

TEST_F(DropWatchTest, ARenameIsSeenWithoutARescan) {
  Start(hours(1));
  Rename("a.json", SaleJson(1));
  AwaitDone(1);
  Rename("b.json", SaleJson(2));
  AwaitDone(2);
  EXPECT_EQ(Head(), 2u);
  EXPECT_EQ(In("done"), (Names{"a.json", "b.json"}));
}

TEST_F(DropWatchTest, WhatWasThereBeforeTheStartIsFound) {
  options_.settle = seconds(0);
  OpenFolder();
  Copy("a.json", SaleJson(1));
  Start(hours(1));
  AwaitDone(1);
  EXPECT_EQ(In("incoming"), Names{});
}

TEST_F(DropWatchTest, AFolderThatCouldNotBeUsedAtTheStartIsHeardOfOnceItCan) {
  folder_.reset();
  std::filesystem::remove_all(Path("incoming"));
  Write(Path("incoming"), "x");
  folder_ = std::make_unique<DropFolder>(options_, intake_.get(), &counters_, &clock_);
  Start(seconds(1));
  std::filesystem::remove(Path("incoming"));
  while (!Stats().drop_folder_error.empty()) std::this_thread::yield();
  Rename("a.json", SaleJson(1));
  AwaitDone(1);
}

// The rescan, which finds that the folders are others, is what finds a file made before it; what
// comes behind it is told by the kernel again.
TEST_F(DropWatchTest, AFolderMadeAnewIsHeardOfAsTheFirst) {
  Start(hours(1));
  Rename("a.json", SaleJson(1));
  AwaitDone(1);
  std::filesystem::rename(Path("incoming"), dir_ / "old");  // wakes it
  while (Stats().drop_folder_error.empty()) std::this_thread::yield();
  watch_.reset();
  OpenFolder();
  Start(seconds(1));
  std::filesystem::rename(Path("incoming"), dir_ / "older");
  while (Stats().drop_folder_error.empty()) std::this_thread::yield();
  std::filesystem::create_directory(Path("incoming"));
  while (!Stats().drop_folder_error.empty()) std::this_thread::yield();
  Rename("b.json", SaleJson(2));  // perhaps before the kernel was asked to tell of it
  while (Stats().files_done < 2) {
    clock_.Advance(options_.settle);
    std::this_thread::yield();
  }
  Rename("c.json", SaleJson(3));
  AwaitDone(3);
  EXPECT_EQ(In("done"), (Names{"a.json", "b.json", "c.json"}));
}

TEST_F(DropWatchTest, StopsAtOnceInAnHourOfWaiting) {
  Start(hours(1));
  const auto begun = std::chrono::steady_clock::now();
  watch_->Stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, seconds(2));
  watch_->Stop();
}

TEST_F(DropWatchTest, ABurstIsTakenCompletely) {
  Start(hours(1));
  for (int i = 1; i <= 300; ++i) Rename(std::to_string(i) + ".json", SaleJson(i));
  AwaitDone(300);
  EXPECT_EQ(Head(), 300u);
  EXPECT_GT(beats_, 0);
}

// A program that writes in place may close the file and open it again: only when it has rested for
// as long as a file has to is it complete, however often it was closed before.
TEST_F(DropWatchTest, AFileThatIsWrittenInPlaceIsNotTakenWhenItIsClosed) {
  const std::string path = Path("incoming/slow.ndjson");
  Start(hours(1));
  for (int line = 1; line <= 3; ++line) {
    std::ofstream(path, std::ios::app) << SaleJson(line) << "\n";
    // Each pass that takes one of these was woken behind that close.
    for (int i = 0; i < 2; ++i)
      Rename(std::to_string(10 * line + i) + ".json", SaleJson(10 * line + i));
    AwaitDone(static_cast<uint64_t>(2 * line));
    EXPECT_EQ(In("incoming"), Names{"slow.ndjson"}) << "closed " << line << " times";
  }
  Rename("last.json", SaleJson(99));
  while (Stats().files_done < 8) {
    clock_.Advance(options_.settle);
    std::this_thread::yield();
  }
  EXPECT_EQ(In("incoming"), Names{});
  EXPECT_EQ(Head(), 10u);
}

// The capture thread stands still while more happens than the kernel remembers.
class DropOverflowTest : public DropWatchTest {
 protected:
  void SetUp() override {
    journal_options_.on_growth = [this](const journal::StreamRow&) {
      stands_ = true;
      stands_.notify_all();
      goes_on_.wait(false);
    };
    options_.settle = seconds(0);
    DropWatchTest::SetUp();
  }
  std::atomic<bool> stands_{false}, goes_on_{false};
};

TEST_F(DropOverflowTest, AfterAnOverflowEverythingIsFoundWithoutARescan) {
  int queue = 0;
  std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> queue;
  ASSERT_GT(queue, 0);
  Start(hours(1));
  Rename("first.json", SaleJson(1));
  stands_.wait(false);
  for (int i = 0; i <= queue; i += 2) {  // notifications that differ, of nothing that stays
    Rename("x.tmp", "");
    Rename("y.tmp", "");
  }
  for (int i = 2; i <= 50; ++i) Rename(std::to_string(i) + ".json", SaleJson(i));
  goes_on_ = true;
  goes_on_.notify_all();
  AwaitDone(50);
  EXPECT_EQ(Head(), 50u);
  EXPECT_EQ(In("incoming"), (Names{"x.tmp", "y.tmp"}));
}

}  // namespace
}  // namespace tillrelay::capture
