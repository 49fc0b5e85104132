// The disk of the suites: what was synced survives a cut, what was not may be gone, torn or zero; a
// call fails where it is told to; a full disk says so.
#include "tests/support/fault_disk.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "common/base/files.h"
#include "common/sqlite/sqlite.h"
#include "tests/support/temp_dir.h"

namespace tillrelay::testing {
namespace {

class FaultDiskTest : public ::testing::Test {
 protected:
  void SetUp() override { disk_.Watch(dir_.path()); }
  void TearDown() override { disk_.StopWatching(); }

  Fd Make(const std::string& name) {
    return Fd(open((dir_ / name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  }
  void Store(const std::string& name, const std::string& bytes, bool sync) {
    const Fd fd = Make(name);
    ASSERT_EQ(write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    if (sync) {
      ASSERT_EQ(fsync(fd.get()), 0);
    }
  }
  void SyncFolder() { ASSERT_TRUE(SyncDirectory(dir_.path()).ok()); }
  std::string Content(const std::string& name) {
    auto bytes = ReadFile(dir_ / name, 1 << 20);
    return bytes.ok() ? *bytes : "no file";
  }
  std::string After(CutMode mode, const std::string& name) {
    const DiskImage image = disk_.After(mode, &random_);
    const auto found = image.files.find(name);
    return found == image.files.end() ? "no file" : found->second.Text();
  }

  TempDir dir_;
  SeededRandom random_;
  FaultDisk& disk_ = FaultDisk::Instance();
};

TEST_F(FaultDiskTest, OnlyWhatWasSyncedWithItsFolderSurvivesACut) {
  Store("a", "old", true);
  EXPECT_EQ(After(CutMode::kDropped, "a"), "no file") << "its folder was not synced";
  SyncFolder();
  EXPECT_EQ(After(CutMode::kDropped, "a"), "old");
  Store("a", "new", false);
  EXPECT_EQ(After(CutMode::kDropped, "a"), "old");
  EXPECT_EQ(After(CutMode::kKept, "a"), "new");
  disk_.Cut(CutMode::kDropped, &random_);
  EXPECT_EQ(Content("a"), "old");
  EXPECT_EQ(After(CutMode::kDropped, "a"), "old") << "what a cut left counts as synced";
}

TEST_F(FaultDiskTest, ARenameHoldsOnceItsFolderWasSynced) {
  Store("old", "1", true);
  Store("fresh", "2", true);
  SyncFolder();
  ASSERT_EQ(rename((dir_ / "fresh").c_str(), (dir_ / "old").c_str()), 0);
  EXPECT_EQ(After(CutMode::kDropped, "old"), "1");
  EXPECT_EQ(After(CutMode::kDropped, "fresh"), "2");
  EXPECT_EQ(After(CutMode::kKept, "old"), "2");
  EXPECT_EQ(After(CutMode::kKept, "fresh"), "no file");
  SyncFolder();
  EXPECT_EQ(After(CutMode::kDropped, "old"), "2");
  EXPECT_EQ(After(CutMode::kDropped, "fresh"), "no file");
}

TEST_F(FaultDiskTest, ALinkAndAnUnlinkHoldOnceTheirFolderWasSynced) {
  Store("a", "1", true);
  SyncFolder();
  ASSERT_EQ(link((dir_ / "a").c_str(), (dir_ / "b").c_str()), 0);
  ASSERT_EQ(unlink((dir_ / "a").c_str()), 0);
  EXPECT_EQ(After(CutMode::kDropped, "a"), "1");
  EXPECT_EQ(After(CutMode::kDropped, "b"), "no file");
  SyncFolder();
  EXPECT_EQ(After(CutMode::kDropped, "a"), "no file");
  EXPECT_EQ(After(CutMode::kDropped, "b"), "1");
}

TEST_F(FaultDiskTest, APrefixHoldsNothingOutOfOrder) {
  Store("a", "", true);
  SyncFolder();
  for (const char* piece : {"1", "2", "3"}) {
    const Fd fd(open((dir_ / "a").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    ASSERT_EQ(write(fd.get(), piece, 1), 1);
  }
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) seen.insert(After(CutMode::kPrefix, "a"));
  EXPECT_EQ(seen, (std::set<std::string>{"", "1", "12", "123"}));
}

TEST_F(FaultDiskTest, AWriteIsTornBetweenItsSectors) {
  Store("a", std::string(1536, 'o'), true);
  SyncFolder();
  Store("a", std::string(1536, 'n'), false);
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    const std::string content = After(CutMode::kTorn512, "a");
    ASSERT_EQ(content.size(), 1536u);
    std::string sectors;
    for (size_t at = 0; at < content.size(); at += 512) {
      ASSERT_EQ(content.substr(at, 512), std::string(512, content[at]));
      sectors += content[at];
    }
    seen.insert(sectors);
  }
  EXPECT_EQ(seen.size(), 8u);
  seen.clear();
  for (int i = 0; i < 200; ++i) seen.insert(After(CutMode::kTorn4096, "a"));
  EXPECT_EQ(seen.size(), 2u) << "one page: the old one or the new one";
}

TEST_F(FaultDiskTest, ALengthMayBeKeptWithoutItsBytes) {
  Store("a", "old", true);
  SyncFolder();
  Store("a", "newer", false);
  EXPECT_EQ(After(CutMode::kZeroed, "a"), std::string("old\0\0", 5));
}

TEST_F(FaultDiskTest, WhatAFailedSyncLostNoLaterSyncBrings) {
  Store("a", "old", true);
  SyncFolder();
  const Fd fd = Make("a");
  ASSERT_EQ(pwrite(fd.get(), "new", 3, 0), 3);
  disk_.FailAt(disk_.operations() + 1, EIO, false);
  EXPECT_EQ(fsync(fd.get()), -1);
  EXPECT_EQ(errno, EIO);
  EXPECT_EQ(fsync(fd.get()), 0);
  EXPECT_EQ(Content("a"), "new") << "it still reads back well";
  EXPECT_EQ(After(CutMode::kDropped, "a"), "old");
}

TEST_F(FaultDiskTest, EveryOperationCanFailOnceOrFromThenOn) {
  Store("a", "1", true);
  const auto fails = [&](auto&& call) {
    disk_.FailAt(disk_.operations() + 1, EIO, false);
    errno = 0;
    EXPECT_EQ(call(), -1) << disk_.failure();
    EXPECT_EQ(errno, EIO);
    EXPECT_TRUE(disk_.failed());
  };
  const std::string a = dir_ / "a", b = dir_ / "b";
  Fd fd = Make("a");
  const Fd folder(open(dir_.path().c_str(), O_RDONLY | O_DIRECTORY));
  fails([&] { return open(a.c_str(), O_RDONLY); });
  fails([&] { return open(b.c_str(), O_RDWR | O_CREAT, 0600); });
  fails([&] { return openat(folder.get(), "b", O_RDWR | O_CREAT, 0600); });
  fails([&] { return write(fd.get(), "x", 1); });
  fails([&] { return pwrite(fd.get(), "x", 1, 0); });
  fails([&] { return ftruncate(fd.get(), 0); });
  fails([&] { return fsync(fd.get()); });
  fails([&] { return fdatasync(fd.get()); });
  fails([&] { return fsync(folder.get()); });
  fails([&] { return rename(a.c_str(), b.c_str()); });
  fails([&] { return renameat2(folder.get(), "a", folder.get(), "b", RENAME_NOREPLACE); });
  fails([&] { return link(a.c_str(), b.c_str()); });
  fails([&] { return unlink(a.c_str()); });
  fails([&] { return remove(a.c_str()); });
  disk_.FailAt(disk_.operations() + 1, EIO, false);
  EXPECT_EQ(posix_fallocate(fd.get(), 0, 10), EIO);
  EXPECT_EQ(write(fd.get(), "x", 1), 1) << "once";
  disk_.FailAt(disk_.operations() + 1, ENOSPC, true);
  EXPECT_EQ(write(fd.get(), "x", 1), -1);
  EXPECT_EQ(fsync(fd.get()), -1) << "from then on";
  disk_.FailAt(0, 0, false);
  EXPECT_EQ(Content("a"), "x");
}

TEST_F(FaultDiskTest, AFullDiskTakesNothingUntilSomethingIsFreed) {
  disk_.SetRoom(10'000);
  Store("a", std::string(6000, 'x'), true);
  const Fd fd = Make("b");
  const std::string more(6000, 'y');
  EXPECT_EQ(write(fd.get(), more.data(), more.size()), -1);
  EXPECT_EQ(errno, ENOSPC);
  EXPECT_EQ(posix_fallocate(fd.get(), 0, 6000), ENOSPC);
  struct statvfs room {};
  ASSERT_EQ(statvfs(dir_.path().c_str(), &room), 0);
  EXPECT_LT(room.f_bavail * room.f_frsize, 4097u);
  EXPECT_EQ(pwrite(Make("a").get(), more.data(), more.size(), 0), 6000) << "over what is there";
  ASSERT_EQ(unlink((dir_ / "a").c_str()), 0);
  EXPECT_EQ(write(fd.get(), more.data(), more.size()), 6000);
  disk_.SetRoom({});
  EXPECT_EQ(posix_fallocate(fd.get(), 0, 1'000'000), 0);
}

TEST_F(FaultDiskTest, SeesWhatSqliteDoesAndKnowsWhetherItSynced) {
  for (const char* synchronous : {"FULL", "OFF"}) {
    const std::string name = std::string(synchronous) + ".db";
    {
      auto db = sqlite::Database::Open(dir_ / name, {});
      ASSERT_TRUE(db.ok());
      ASSERT_TRUE(db->QueryText("PRAGMA journal_mode=WAL").ok());
      ASSERT_TRUE(db->Exec("CREATE TABLE t(x)").ok());
      SyncFolder();
      ASSERT_TRUE(db->Exec(("PRAGMA synchronous=" + std::string(synchronous)).c_str()).ok());
      ASSERT_TRUE(db->Exec("INSERT INTO t VALUES(1)").ok());
      const uint64_t before = disk_.operations();
      ASSERT_TRUE(db->Exec("INSERT INTO t VALUES(2)").ok());
      EXPECT_GT(disk_.operations(), before);
      WriteImage(disk_.After(CutMode::kDropped, &random_), dir_ / "image");
    }
    auto db = sqlite::Database::Open(dir_ / "image/" + name, {});
    ASSERT_TRUE(db.ok());
    auto rows = db->QueryInt("SELECT count(*) FROM t");
    if (std::string(synchronous) == "FULL") {
      ASSERT_TRUE(rows.ok()) << rows.status().message();
      EXPECT_EQ(*rows, 2);
    } else {
      EXPECT_TRUE(!rows.ok() || *rows < 2) << "an unsynced row survived";
    }
  }
}

TEST_F(FaultDiskTest, SeesCopiesRenamesAndRemovalsOfTheStandardLibrary) {
  Store("a", std::string(100'000, 'x'), true);
  std::filesystem::copy_file(dir_ / "a", dir_ / "b");
  std::filesystem::rename(dir_ / "b", dir_ / "c");
  std::filesystem::remove(dir_ / "a");
  const DiskImage image = disk_.After(CutMode::kKept, &random_);
  ASSERT_EQ(image.files.size(), 1u);
  EXPECT_EQ(image.files.at("c").Text(), std::string(100'000, 'x'));
}

TEST_F(FaultDiskTest, ATraceGivesTheSameImages) {
  std::vector<DiskOperation> trace;
  disk_.Record(&trace);
  Store("a", "old", true);
  SyncFolder();
  Store("b", "1", false);
  ASSERT_EQ(rename((dir_ / "b").c_str(), (dir_ / "a").c_str()), 0);
  disk_.Damage("a", 0, "?");
  DiskModel again;
  for (const DiskOperation& operation : trace) again.Apply(operation);
  for (const CutMode mode : {CutMode::kKept, CutMode::kDropped, CutMode::kZeroed}) {
    EXPECT_EQ(again.After(mode, &random_).files, disk_.After(mode, &random_).files)
        << ModeWord(mode);
  }
}

}  // namespace
}  // namespace tillrelay::testing
