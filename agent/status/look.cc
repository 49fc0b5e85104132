#include "agent/status/look.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/status/page_words.h"
#include "agent/status/status_json.h"

namespace tillrelay::status {

using std::chrono::seconds;

std::string UtcStampText(WallTime time) {
  std::string stamp = UtcStamp(time);
  stamp[10] = ' ';
  return stamp;
}

std::string Look::Store() const {
  return s.journal.store_id.empty() ? std::string(words::kNoStore)
                                    : fmt::format(words::kStore, s.journal.store_id);
}

std::string Look::Ago(WallTime time) const {
  if (time == WallTime()) return std::string(words::kNeverHeard);
  const auto age = std::chrono::floor<seconds>(s.now - time);
  return fmt::format(words::kAgo, AgeText(std::max(seconds(0), age)));
}

std::string Look::Since(WallTime time) const {
  return s.now - time < std::chrono::hours(20) ? faces.time(time) : Ago(time);
}

std::string Look::Title() const {
  const std::string count = s.journal.waiting > 0
                                ? fmt::format(words::kTitleWaiting, Thousands(s.journal.waiting))
                                : v.state;
  return fmt::format("{} {} · {}", Symbol(v.level), count, Store());
}

std::string_view Symbol(Level level) {
  static constexpr std::string_view kSymbols[] = {"●", "▲", "■"};
  return kSymbols[static_cast<size_t>(level)];
}

}  // namespace tillrelay::status
