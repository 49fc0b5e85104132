// Passes over a directory in pages: every name once, in order within a page, each read once.
#include "agent/capture/drop_listing.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "agent/capture/drop_names.h"
#include "tests/support/temp_dir.h"

namespace tillrelay::capture {
namespace {

class DropListingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = Fd(open(std::string(dir_ / "").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_TRUE(folder_.valid());
  }
  void Make(const std::string& name) { std::ofstream(dir_ / name) << "x"; }
  static std::vector<std::string> Pass(DropListing* listing) {
    std::vector<std::string> names;
    for (;;) {
      auto name = listing->Next();
      EXPECT_TRUE(name.ok());
      if (!name.ok() || !*name) return names;
      names.push_back(std::move(**name));
    }
  }
  testing::TempDir dir_;
  Fd folder_;
};

TEST_F(DropListingTest, APassTellsEveryNameOnceAndTheNextBeginsAgain) {
  for (int i = 0; i < 300; ++i) Make(std::to_string(i));
  Make(".hidden");
  DropListing listing(&folder_, IsUnfinished, 7);
  for (int pass = 0; pass < 2; ++pass) {
    const auto names = Pass(&listing);
    EXPECT_EQ(names.size(), 300u);
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), 300u);
  }
}

TEST_F(DropListingTest, APageIsInOrder) {
  for (const char* name : {"b", "a", "-c", "\xFF", "10", "9"}) Make(name);
  DropListing listing(&folder_, IsUnfinished);
  EXPECT_EQ(Pass(&listing), (std::vector<std::string>{"-c", "10", "9", "a", "b", "\xFF"}));
}

TEST_F(DropListingTest, WhatIsTakenAwayBetweenThePagesHidesNoOther) {
  for (int i = 0; i < 2000; ++i) Make(std::to_string(i));
  DropListing listing(&folder_, IsUnfinished, 64);
  size_t reported = 0;
  for (;;) {
    const auto name = listing.Next();
    ASSERT_TRUE(name.ok());
    if (!*name) break;
    ++reported;
    std::filesystem::remove(dir_ / **name);
  }
  EXPECT_EQ(reported, 2000u);
  EXPECT_EQ(listing.names_read(), 2002u) << "each once, with . and ..";
  EXPECT_TRUE(Pass(&listing).empty());
}

TEST_F(DropListingTest, ARestartForgetsTheRest) {
  for (int i = 0; i < 10; ++i) Make(std::to_string(i));
  DropListing listing(&folder_, IsUnfinished);
  ASSERT_TRUE(listing.Next().ok());
  EXPECT_EQ(listing.left(), 9u);
  listing.Restart();
  EXPECT_EQ(listing.left(), 0u);
  EXPECT_EQ(Pass(&listing).size(), 10u);
}

}  // namespace
}  // namespace tillrelay::capture
