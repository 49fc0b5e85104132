// What: 8 MB of allocated disk that are given up when the disk is full, so that confirmations can
//   still be recorded and confirmed rows deleted (docs/journal.md, promise 8).
// Thread: journal.
#pragma once

#include <string>

#include "common/base/status.h"

namespace tillrelay::journal {

class Ballast {
 public:
  // Several times what the log holds between two checkpoints.
  static constexpr int64_t kBytes = 8 * 1024 * 1024;

  explicit Ballast(std::string path) : path_(std::move(path)) {}
  // Full when there is no room for it.
  Status Make();
  void GiveUp();
  bool held() const { return held_; }

 private:
  const std::string path_;
  bool held_ = false;
};

}  // namespace tillrelay::journal
