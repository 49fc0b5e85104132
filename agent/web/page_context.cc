#include "agent/web/page_context.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/monitor/status_json.h"
#include "agent/web/page_strings.h"

namespace tillrelay::web {

using std::chrono::seconds;

std::string UtcStampText(WallTime time) {
  std::string stamp = monitor::UtcStamp(time);
  stamp[10] = ' ';
  return stamp;
}

std::string PageContext::Store() const {
  return s.journal.store_id.empty() ? std::string(strings::kNoStore)
                                    : fmt::format(strings::kStore, s.journal.store_id);
}

std::string PageContext::Ago(WallTime time) const {
  if (time == WallTime()) return std::string(strings::kNeverHeard);
  const auto age = std::chrono::floor<seconds>(s.now - time);
  return fmt::format(strings::kAgo, AgeText(std::max(seconds(0), age)));
}

std::string PageContext::Since(WallTime time) const {
  return s.now - time < std::chrono::hours(20) ? faces.time(time) : Ago(time);
}

std::string PageContext::Title() const {
  const std::string count = s.journal.waiting > 0
                                ? fmt::format(strings::kTitleWaiting, Thousands(s.journal.waiting))
                                : v.state;
  return fmt::format("{} {} · {}", Symbol(v.level), count, Store());
}

}  // namespace tillrelay::web
