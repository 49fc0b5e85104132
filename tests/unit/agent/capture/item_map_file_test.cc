// The item map while it changes under a running agent.
#include "agent/capture/item_map_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "tests/support/temp_dir.h"
#include "tests/unit/agent/capture/capture_fixture.h"

namespace tillrelay::capture {
namespace {

void Write(const std::string& path, const std::string& text) {
  std::ofstream(path + ".new", std::ios::binary) << text;
  std::filesystem::rename(path + ".new", path);
}

class ItemMapFileTest : public CaptureTest {
 protected:
  std::string Path() const { return dir_ / "items.csv"; }
};

TEST_F(ItemMapFileTest, TheLastGoodOneStays) {
  ItemMapFile file(Path());
  EXPECT_TRUE(file.Refresh());
  EXPECT_EQ(nullptr, file.Current());
  EXPECT_NE("", file.State().error) << "there is none";
  Write(Path(), "key,code\nA,1\n");
  EXPECT_TRUE(file.Refresh());
  EXPECT_FALSE(file.Refresh()) << "nothing has changed";
  const auto first = file.Current();
  ASSERT_NE(nullptr, first);
  EXPECT_EQ("", file.State().error);
  EXPECT_EQ(1u, file.State().rows);

  Write(Path(), "key,code\nA,1\nB,1\n");
  EXPECT_TRUE(file.Refresh());
  EXPECT_EQ(first, file.Current());
  EXPECT_EQ("line 3: this code is mapped twice, differently", file.State().error);
  std::filesystem::remove(Path());
  EXPECT_TRUE(file.Refresh());
  EXPECT_EQ(first, file.Current());
  EXPECT_NE("", file.State().error);

  Write(Path(), "key,code\nA,1\nB,2\n");
  EXPECT_TRUE(file.Refresh());
  EXPECT_EQ(2u, file.Current()->rows());
  EXPECT_NE(first->version(), file.State().version);
}

TEST_F(ItemMapFileTest, StoredLinesAreCountedAndRepeatsAreNot) {
  Write(Path(), "key,code\nA1,100234\n");
  ItemMapFile file(Path());
  file.Refresh();
  intake_options_.items = &file;
  OpenJournal();
  const auto send = [&](const std::string& json) {
    Document document;
    document.channel = "http";
    document.bytes = json;
    std::promise<void> done;
    ASSERT_TRUE(intake_
                    ->Submit(intake_->Prepare(&document), std::nullopt,
                             [&](Result<Answer> answer) {
                               EXPECT_TRUE(answer.ok());
                               done.set_value();
                             })
                    .ok());
    done.get_future().wait();
  };
  std::string other = SaleJson(2);
  const size_t sku = other.find("100234");
  ASSERT_NE(std::string::npos, sku);
  other.replace(sku, 6, "999999");
  send(SaleJson(1));
  send(SaleJson(1));
  send(other);
  EXPECT_EQ(1u, Stats().lines_mapped);
  EXPECT_EQ(1u, Stats().lines_unmapped);
  // Another map makes no other receipt.
  Write(Path(), "key,code\nB2,100234\n");
  file.Refresh();
  send(SaleJson(1));
  EXPECT_EQ(2u, Head());
}

}  // namespace
}  // namespace tillrelay::capture
