// What: a complaint that anyone outside can cause: written at most every 30 s, with the newest
//   detail and how many there were.
// Promise: no input can flood the log.
// Thread: one.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/log.h"

namespace tillrelay::collector {

class RateLimitedLog {
 public:
  explicit RateLimitedLog(log::Level level) : level_(level) {}

  void Report(std::string_view text, Instant now) {
    ++since_;
    if (written_at_ && now < *written_at_ + kEvery) return;
    log::Write(level_, "collector",
               since_ == 1 ? std::string(text) : fmt::format("{} ({} such since)", text, since_));
    written_at_ = now;
    since_ = 0;
  }

 private:
  static constexpr std::chrono::seconds kEvery{30};
  const log::Level level_;
  std::optional<Instant> written_at_;
  uint64_t since_ = 0;
};

}  // namespace tillrelay::collector
