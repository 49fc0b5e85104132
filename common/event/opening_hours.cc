#include "common/event/opening_hours.h"

#include <algorithm>
#include <optional>

namespace tillrelay {
namespace {

constexpr int64_t kDay_s = 86'400;
constexpr std::string_view kDays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

// -1 for what is no day.
int Weekday(std::string_view text) {
  const auto* found = std::find(std::begin(kDays), std::end(kDays), text);
  return found == std::end(kDays) ? -1 : static_cast<int>(found - std::begin(kDays));
}

bool Digit(char c) { return c >= '0' && c <= '9'; }

// "08:30" to seconds since midnight; 24:00 is the end of the day.
std::optional<int64_t> ClockFace(std::string_view text) {
  if (text.size() != 5 || text[2] != ':' || !Digit(text[0]) || !Digit(text[1]) || !Digit(text[3]) ||
      !Digit(text[4])) {
    return std::nullopt;
  }
  const int64_t hours = (text[0] - '0') * 10 + (text[1] - '0');
  const int64_t minutes = (text[3] - '0') * 10 + (text[4] - '0');
  if (hours > 24 || minutes > 59 || (hours == 24 && minutes > 0)) return std::nullopt;
  return hours * 3600 + minutes * 60;
}

// 1970-01-01 was a Thursday.
int WeekdayOf(int64_t day) { return static_cast<int>(((day + 3) % 7 + 7) % 7); }

int64_t DayOf(int64_t local_s) {
  return local_s >= 0 ? local_s / kDay_s : (local_s - kDay_s + 1) / kDay_s;
}

Status Wrong(const std::string& text) {
  return Invalid("\"" + text + "\": write opening hours as \"mon-sat 08:00-20:00\"");
}

}  // namespace

Result<OpeningHours> OpeningHours::Parse(const std::vector<std::string>& texts) {
  OpeningHours hours;
  for (const std::string& text : texts) {
    const std::string_view view = text;
    const size_t blank = view.find(' ');
    if (blank == std::string_view::npos || view.size() != blank + 12) return Wrong(text);
    const std::string_view days = view.substr(0, blank);
    const int first = Weekday(days.substr(0, 3));
    const int last = days.size() == 3                     ? first
                     : days.size() == 7 && days[3] == '-' ? Weekday(days.substr(4))
                                                          : -1;
    const auto begin = ClockFace(view.substr(blank + 1, 5));
    const auto end = ClockFace(view.substr(blank + 7));
    if (first < 0 || last < 0 || !begin || !end || view[blank + 6] != '-' || *begin == *end) {
      return Wrong(text);
    }
    for (int day = first;; day = (day + 1) % 7) {
      hours.spans_.push_back({day, *begin, *end > *begin ? *end : *end + kDay_s});
      if (day == last) break;
    }
  }
  return hours;
}

int64_t OpeningHours::OpenSeconds(int64_t from_local_s, int64_t to_local_s) const {
  from_local_s = std::max(from_local_s, to_local_s - kMaxDays * kDay_s);
  int64_t open = 0;
  for (int64_t day = DayOf(from_local_s) - 1; day <= DayOf(to_local_s); ++day) {
    for (const Span& span : spans_) {
      if (span.weekday != WeekdayOf(day)) continue;
      const int64_t begin = std::max(from_local_s, day * kDay_s + span.begin_s);
      const int64_t end = std::min(to_local_s, day * kDay_s + span.end_s);
      open += std::max<int64_t>(0, end - begin);
    }
  }
  return open;
}

}  // namespace tillrelay
