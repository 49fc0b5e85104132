// The power goes behind files that were taken from the drop folder: what was taken stays where it
// belongs.
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

}  // namespace
}  // namespace tillrelay::capture
