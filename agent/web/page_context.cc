#include "agent/web/page_context.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/web/page_strings.h"
#include "agent/web/word_strings.h"
#include "common/event/time_text.h"

namespace tillrelay::web {

using std::chrono::seconds;

std::string UtcStampText(WallTime time) {
  std::string stamp = event::UtcStamp(time);
  stamp[10] = ' ';
  return stamp;
}

std::string PageContext::Store() const {
  return s.journal.store_id.empty() ? std::string(strings::kNoStore)
                                    : strings::Say(strings::kStore, s.journal.store_id);
}

std::string PageContext::Ago(WallTime time) const {
  if (time == WallTime()) return std::string(strings::kNeverHeard);
  const auto age = std::chrono::floor<seconds>(s.now - time);
  return AgoText(std::max(seconds(0), age));
}

std::string PageContext::Since(WallTime time) const {
  return s.now - time < std::chrono::hours(20) ? strings::Say(strings::kSince, faces.time(time))
                                               : SinceText(s.now - time);
}

std::string PageContext::Title() const {
  const std::string count = s.journal.waiting > 0
                                ? strings::Say(strings::kTitleWaiting, Thousands(s.journal.waiting))
                                : strings::WordText(v.state);
  return fmt::format("{} {} · {}", Symbol(v.level), count, Store());
}

}  // namespace tillrelay::web
