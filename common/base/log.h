// What: one line per fact on standard error: level, room, text.
// Promise: control characters from outside cannot forge a line; a line is cut at 2,000 bytes; the
//   scrubber (the card-number guard) sees every line. Under systemd the priority is the journal's
//   "<N>" prefix, elsewhere a time stands in front.
// Thread: any.
#pragma once

#include <fmt/core.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"

namespace tillrelay::log {

enum class Level { kInfo, kWarning, kError };

// Called once from main before other threads start.
void Setup(Level least, std::string (*scrub)(std::string_view));
// Later changes of the least level; any thread.
void SetLevel(Level least);
void Write(Level level, std::string_view room, std::string_view text);

// The last lines as they were written, scrubbed; the oldest first.
struct Line {
  WallTime at{};
  Level level = Level::kInfo;
  std::string text;  // "room: text"
};
inline constexpr size_t kKeptLines = 500;
inline constexpr size_t kKeptBytes = 256 * 1024;
// At most `limit`, of that level or above.
std::vector<Line> Recent(Level least, size_t limit);

template <typename... Args>
void Info(std::string_view room, fmt::format_string<Args...> format, Args&&... args) {
  Write(Level::kInfo, room, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void Warning(std::string_view room, fmt::format_string<Args...> format, Args&&... args) {
  Write(Level::kWarning, room, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void Error(std::string_view room, fmt::format_string<Args...> format, Args&&... args) {
  Write(Level::kError, room, fmt::format(format, std::forward<Args>(args)...));
}

// What counts as the same again: the same text, or whatever comes (where anyone outside can cause
// it and choose its words).
enum class Per { kText, kKind };

// A complaint that may repeat: what is the same again is written at most every 30 s, with a count
// of those between.
class RateLimitedLog {
 public:
  RateLimitedLog(Level level, std::string room, Per per = Per::kText)
      : level_(level), room_(std::move(room)), per_(per) {}
  void Report(std::string_view text, Instant now);
  // The failure is over: the next one is written at once.
  void Clear();

 private:
  static constexpr std::chrono::seconds kEvery{30};
  const Level level_;
  const std::string room_;
  const Per per_;
  std::string last_;
  bool written_ = false;
  Instant written_at_{};
  int suppressed_ = 0;
};

}  // namespace tillrelay::log
