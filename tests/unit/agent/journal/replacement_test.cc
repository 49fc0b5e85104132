// A journal takes another's place, and the power goes at any operation of it, on a disk that brings
// names to its plates in whatever order it likes: the old set is complete, or the new file is, and
// of the old one nothing is gone.
#include "agent/journal/repair/replacement.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "agent/journal/paths.h"
#include "agent/journal/store.h"
#include "tests/support/drafts.h"
#include "tests/support/fault_disk.h"
#include "tests/support/temp_dir.h"

namespace tillrelay::journal {
namespace {

namespace fs = std::filesystem;
using testing::CutMode;

constexpr int kOrders = 12;  // of names, for each operation

class ReplacementTest : public ::testing::Test {
 protected:
  void TearDown() override { disk_.StopWatching(); }

  void Prepare(bool with_log = false) {
    log_ = with_log ? "new log" : "";
    disk_.StopWatching();
    fs::remove_all(folder_);
    fs::create_directory(folder_);
    for (const std::string& path : {journal_, WalPath(journal_), WitnessPath(journal_)}) {
      std::ofstream(path) << "old " << NameOf(path);
    }
    std::ofstream(BuildingPath(journal_)) << "new";
    if (with_log) std::ofstream(BuildingLogPath(journal_)) << log_;
    disk_.Watch(folder_);
    aside_ = AsidePath(journal_, "damaged", WallTime{});
  }
  std::string Content(const std::string& path) const {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  bool IsOldSet(const std::string& at) const {
    return Content(at) == "old journal.db" && Content(WalPath(at)) == "old journal.db-wal" &&
           Content(WitnessPath(at)) == "old journal.db.witness";
  }
  // The old one where it was, or the new one with the old one beside it.
  std::string State() const {
    if (IsOldSet(journal_)) return "old";
    if (Content(journal_) == "new" && IsOldSet(aside_) && Content(WalPath(journal_)) == log_ &&
        fs::exists(WalPath(journal_)) == !log_.empty()) {
      return "new";
    }
    std::string names;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      names += entry.path().filename().string() + " = " + Content(entry.path()) + "; ";
    }
    return names;
  }

  void CutAtAnyOperation(bool with_log) {
    bool ended = false;
    for (uint64_t operation = 1; !ended; ++operation) {
      for (int order = 0; order < kOrders; ++order) {
        Prepare(with_log);
        disk_.FailAt(operation, EIO, true);
        CommitReplacement(journal_, aside_).ok();
        ended = !disk_.failed();
        disk_.FailAt(0, 0, false);
        disk_.Cut(order == 0 ? CutMode::kDropped : CutMode::kReordered, &random_);
        // The next start may be cut as well.
        disk_.FailAt(disk_.operations() + 1 + random_.Below(8), EIO, true);
        FinishReplacement(journal_).ok();
        disk_.FailAt(0, 0, false);
        disk_.Cut(CutMode::kReordered, &random_);
        ASSERT_TRUE(FinishReplacement(journal_).ok());
        const std::string state = State();
        ASSERT_TRUE(state == "old" || state == "new")
            << operation << (with_log ? " with a log: " : ": ") << state;
      }
    }
  }

  testing::TempDir dir_;
  const std::string folder_ = dir_ / "journal", journal_ = folder_ + "/journal.db";
  std::string aside_;
  std::string log_;  // of the new file
  testing::SeededRandom random_;
  testing::FaultDisk& disk_ = testing::FaultDisk::Instance();
};

TEST_F(ReplacementTest, HoldsOnceItHasSaidSo) {
  for (const bool with_log : {false, true}) {
    Prepare(with_log);
    ASSERT_TRUE(CommitReplacement(journal_, aside_).ok());
    disk_.Cut(CutMode::kDropped, &random_);
    EXPECT_EQ(State(), "new");
  }
}

TEST_F(ReplacementTest, ACutAtAnyOperationLeavesOneOfTheTwo) {
  for (const bool with_log : {false, true}) CutAtAnyOperation(with_log);
}

// SQLite makes the log and does not look whether its name has reached the disk.
TEST_F(ReplacementTest, WhatANewJournalAcceptsHasItsNamesOnTheDisk) {
  fs::create_directory(folder_);
  disk_.Watch(folder_);
  StoreOptions options;
  options.path = journal_;
  options.store_id = "0042";
  {
    auto store = JournalStore::Open(options, WallTime{}, &random_);
    ASSERT_TRUE(store.ok()) << store.status().message();
    ASSERT_TRUE((*store)->Begin().ok());
    AppendRequest request;
    request.entries.emplace_back(testing::SaleDraft("03", 1));
    ASSERT_TRUE((*store)->Append(request, WallTime{}).ok());
    ASSERT_TRUE((*store)->Commit().ok());
    WriteImage(disk_.After(CutMode::kDropped, &random_), dir_ / "cut");
  }
  disk_.StopWatching();
  options.path = dir_ / "cut/journal.db";
  auto store = JournalStore::Open(options, WallTime{}, &random_);
  ASSERT_TRUE(store.ok()) << store.status().message();
  EXPECT_EQ((*store)->current().head, 1u);
}

}  // namespace
}  // namespace tillrelay::journal
