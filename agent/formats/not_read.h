// What: what a document says and no decoder reads, by path, for whoever tries a document.
// Promise: each path once, in the order of the document, whatever stands in a list as often as it
//   likes; of a part of which nothing is read its own path alone.
// Thread: one (value).
// Limits: kMost paths of kMostBytes bytes; further ones are one "..." behind them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tillrelay::formats {

class NotRead {
 public:
  static constexpr size_t kMost = 100, kMostBytes = 160;

  void Add(std::string_view path) {
    const std::string name(path.substr(0, kMostBytes));
    if (std::find(paths_.begin(), paths_.end(), name) != paths_.end()) return;
    if (paths_.size() < kMost) return paths_.push_back(name);
    if (paths_.size() == kMost) paths_.emplace_back("...");
  }
  const std::vector<std::string>& paths() const { return paths_; }

 private:
  std::vector<std::string> paths_;
};

}  // namespace tillrelay::formats
