// A drop folder with its three directories, and what a person would see in them.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "agent/capture/drop_folder.h"
#include "tests/unit/agent/capture/capture_fixture.h"

namespace tillrelay::capture {

class DropFolderTest : public CaptureTest {
 protected:
  using Names = std::set<std::string>;

  void SetUp() override {
    options_.path = dir_ / "spool";
    OpenJournal();
    OpenFolder();
  }
  void OpenFolder() {
    folder_ = std::make_unique<DropFolder>(options_, intake_.get(), &counters_, &clock_);
    ASSERT_EQ(folder_->openings(), 1u) << Stats().drop_folder_error;
  }
  std::string Path(const std::string& name) const { return dir_ / ("spool/" + name); }
  static void Write(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }
  // Written in place, as a copying program does.
  void Copy(const std::string& name, const std::string& bytes) {
    Write(Path("incoming/" + name), bytes);
  }
  // Written elsewhere and renamed into place.
  void Drop(const std::string& name, const std::string& bytes) {
    Write(dir_ / "outside", bytes);
    std::filesystem::rename(dir_ / "outside", Path("incoming/" + name));
    folder_->Arrived(name);
  }
  // Passes until everything that is there has settled and was looked at.
  void Settle() {
    folder_->Scan();
    clock_.Advance(options_.settle);
    while (folder_->Scan() == DropFolder::Next::kMore) {
    }
  }
  Names In(const std::string& folder) const {
    Names names;
    for (const auto& entry : std::filesystem::directory_iterator(Path(folder))) {
      names.insert(entry.path().filename().string());
    }
    return names;
  }
  std::string Content(const std::string& name) const {
    std::ifstream file(Path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  DropFolderOptions options_;
  std::unique_ptr<DropFolder> folder_;
};

}  // namespace tillrelay::capture
