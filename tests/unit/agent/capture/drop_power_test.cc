// The power goes while files are taken from the drop folder, and behind it: what was taken is where
// it belongs, and everything that was dropped counts once.
#include <cerrno>

#include "tests/support/fault_disk.h"
#include "tests/unit/agent/capture/drop_fixture.h"

namespace tillrelay::capture {
namespace {

using testing::CutMode;

class DropPowerTest : public DropFolderTest {
 protected:
  void TearDown() override { disk_.StopWatching(); }

  // Files lie there; from now on the disk is one that a cut can be played with.
  void Prepare() {
    folder_.reset();
    for (const char* name : {"incoming", "done", "rejected"})
      std::filesystem::remove_all(Path(name));
    OpenFolder();
    Copy("good.json", SaleJson(1));
    Copy("bad.json", "{\"card\":\"" + std::string(kCard) + "\"}");
    folder_.reset();
    disk_.Watch(options_.path);
    OpenFolder();
  }
  void Cut(CutMode mode) {
    folder_.reset();
    disk_.FailAt(0, 0, false);
    disk_.Cut(mode, &random_);
    disk_.StopWatching();
  }
  std::string Places() const {
    std::string all;
    for (const char* folder : {"incoming", "done", "rejected"}) {
      for (const std::string& name : In(folder)) all += std::string(folder) + "/" + name + " ";
    }
    return all;
  }

  // Under its name or the next one, with a reason; perhaps under both, where it was cut in between.
  void ExpectRejected() const {
    size_t bodies = 0;
    for (const std::string& name : In("rejected")) {
      EXPECT_EQ(Content("rejected/" + name).find(kCard), std::string::npos) << name;
      if (name.ends_with(".reason")) continue;
      ++bodies;
      EXPECT_NE(Content("rejected/" + name), "") << name;
      EXPECT_NE(Content("rejected/" + name + ".reason"), "") << name;
    }
    EXPECT_GT(bodies, 0u);
  }

  const std::string all_taken_ = "done/good.json rejected/bad.json rejected/bad.json.reason ";
  testing::FaultDisk& disk_ = testing::FaultDisk::Instance();
};

TEST_F(DropPowerTest, WhatWasTakenStaysWhereItIsAfterAPowerCut) {
  for (const CutMode mode : testing::kCutModes) {
    SCOPED_TRACE(testing::ModeWord(mode));
    Prepare();
    Settle();
    ASSERT_EQ(Places(), all_taken_);
    const std::string reason = Content("rejected/bad.json.reason");
    Cut(mode);
    EXPECT_EQ(Places(), all_taken_);
    EXPECT_EQ(Content("done/good.json"), SaleJson(1));
    EXPECT_EQ(Content("rejected/bad.json.reason"), reason);
    EXPECT_EQ(Content("rejected/bad.json").find(kCard), std::string::npos);
    EXPECT_NE(Content("rejected/bad.json"), "");
  }
}

TEST_F(DropPowerTest, APowerCutAtAnyOperationCountsEachFileOnce) {
  bool ended = false;
  for (uint64_t operation = 1; !ended; ++operation) {
    for (const CutMode mode : testing::kCutModes) {
      SCOPED_TRACE(std::to_string(operation) + " " + testing::ModeWord(mode));
      Prepare();
      disk_.FailAt(disk_.operations() + operation, EIO, true);
      Settle();
      ended = !disk_.failed();
      Cut(mode);
      OpenFolder();
      Settle();
      EXPECT_EQ(In("incoming"), Names{});
      EXPECT_EQ(In("done"), Names{"good.json"});
      EXPECT_EQ(Content("done/good.json"), SaleJson(1));
      ExpectRejected();
      EXPECT_EQ(Head(), 1u);
      if (HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace tillrelay::capture
