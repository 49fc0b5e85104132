// What: when the numbers of the current stream passed each mark (sent, acked, confirmed), as far as
// this
//   process has seen it.
// Promise: a time is the first look at which the number had passed, never earlier than that; a look
// a
//   second is enough. What was passed before the start has no time.
// Thread: any.
// Limits: kMaxMarks for each; when they are full every second one goes, and times become coarser.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/mutex.h"

namespace tillrelay::monitor {

class WatermarkTimes {
 public:
  static constexpr size_t kMaxMarks = 1024;
  enum Kind { kSent, kAcked, kConfirmed, kKinds };
  struct Sample {
    std::string stream;
    std::array<uint64_t, kKinds> through{};
    WallTime at{};
  };
  void Saw(const Sample& look);
  // The epoch if it is not known.
  WallTime When(Kind kind, const std::string& stream, uint64_t sequence) const;

 private:
  struct Mark {
    uint64_t through = 0;
    WallTime at{};
  };
  mutable Mutex mutex_;
  // Guarded by mutex_:
  std::string stream_ GUARDED_BY(mutex_);
  std::array<uint64_t, kKinds> before_ GUARDED_BY(mutex_){};  // passed when the first look came
  std::array<std::vector<Mark>, kKinds> marks_ GUARDED_BY(mutex_);
};

}  // namespace tillrelay::monitor
