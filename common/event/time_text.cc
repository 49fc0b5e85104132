#include "common/event/time_text.h"

#include <date/date.h>
#include <date/tz.h>
#include <fmt/format.h>

#include <chrono>
#include <stdexcept>

namespace tillrelay::event {
namespace {

using std::chrono::seconds;

constexpr int32_t kMaxOffsetS = 14 * 3600;

// Reads exactly `digits` digits at `at`; -1 if they are not there.
int Digits(std::string_view text, size_t at, size_t digits) {
  if (at + digits > text.size()) return -1;
  int value = 0;
  for (size_t i = at; i < at + digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

std::optional<int64_t> DaySeconds(std::string_view text) {
  const int year = Digits(text, 0, 4), month = Digits(text, 5, 2), day = Digits(text, 8, 2);
  if (year < 0 || month < 0 || day < 0 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const date::year_month_day ymd{date::year{year}, date::month{static_cast<unsigned>(month)},
                                 date::day{static_cast<unsigned>(day)}};
  if (!ymd.ok()) return std::nullopt;
  return seconds(date::sys_days{ymd}.time_since_epoch()).count();
}

// "", "Z" or "+hh:mm"; false if it is something else.
bool ParseOffset(std::string_view text, std::optional<int32_t>* offset) {
  if (text.empty()) return true;
  if (text == "Z" || text == "z") {
    *offset = 0;
    return true;
  }
  const int hours = Digits(text, 1, 2), minutes = Digits(text, 4, 2);
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':' || hours < 0 ||
      minutes < 0 || minutes > 59) {
    return false;
  }
  const int32_t magnitude = hours * 3600 + minutes * 60;
  if (magnitude > kMaxOffsetS) return false;
  *offset = text[0] == '-' ? -magnitude : magnitude;
  return true;
}

// `lead`, if any, and `value` with leading zeros.
void AppendDigits(std::string* text, char lead, int64_t value, size_t digits) {
  if (lead != 0) *text += lead;
  const size_t end = text->size() + digits;
  text->resize(end);
  for (size_t at = end; digits > 0; --digits, value /= 10) {
    (*text)[--at] = static_cast<char>('0' + value % 10);
  }
}

std::string Face(int64_t local_s) {
  const date::sys_seconds at{seconds(local_s)};
  const auto day = date::floor<date::days>(at);
  const date::year_month_day ymd{day};
  const int64_t of_day = (at - day).count();
  const int year = static_cast<int>(ymd.year());
  if (year < 0 || year > 9999) {  // no till's time, but an offset can lead there
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", year,
                       static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()),
                       of_day / 3600, of_day / 60 % 60, of_day % 60);
  }
  std::string face;
  face.reserve(25);  // an offset follows
  AppendDigits(&face, 0, year, 4);
  AppendDigits(&face, '-', static_cast<unsigned>(ymd.month()), 2);
  AppendDigits(&face, '-', static_cast<unsigned>(ymd.day()), 2);
  AppendDigits(&face, 'T', of_day / 3600, 2);
  AppendDigits(&face, ':', of_day / 60 % 60, 2);
  AppendDigits(&face, ':', of_day % 60, 2);
  return face;
}

void AppendOffset(std::string* text, int32_t offset_s) {
  const int32_t magnitude = offset_s < 0 ? -offset_s : offset_s;
  AppendDigits(text, offset_s < 0 ? '-' : '+', magnitude / 3600, 2);
  AppendDigits(text, ':', magnitude / 60 % 60, 2);
}

}  // namespace

bool IsDay(std::string_view text) { return text.size() == 10 && DaySeconds(text).has_value(); }

Result<ParsedTime> ParseTime(std::string_view text) {
  const auto bad = [] { return Invalid("not a time; write it as 2026-11-21T17:42:08+01:00"); };
  if (text.size() < 19 || (text[10] != 'T' && text[10] != 't' && text[10] != ' ')) return bad();
  const auto day = DaySeconds(text);
  const int hour = Digits(text, 11, 2), minute = Digits(text, 14, 2), second = Digits(text, 17, 2);
  if (!day || text[13] != ':' || text[16] != ':' || hour < 0 || hour > 23 || minute < 0 ||
      minute > 59 || second < 0 || second > 60) {
    return bad();
  }
  ParsedTime time;
  time.local_s = *day + hour * 3600 + minute * 60 + (second == 60 ? 59 : second);
  size_t at = 19;
  if (at < text.size() && text[at] == '.') {
    const size_t first = ++at;
    int32_t weight = 100'000;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, weight /= 10) {
      time.micros += (text[at] - '0') * weight;
    }
    if (at == first) return bad();
  }
  if (!ParseOffset(text.substr(at), &time.offset_s)) return bad();
  return time;
}

std::string DayAfter(const std::string& day, int days) {
  const auto parsed = ParseTime(day + "T00:00:00");
  if (!parsed.ok()) return day;
  constexpr int64_t kDay_s = 24 * 60 * 60;
  return UtcText(WallTime{std::chrono::seconds(parsed->local_s + days * kDay_s)}).substr(0, 10);
}

std::string UtcText(WallTime time) {
  const int64_t micros = time.time_since_epoch().count();
  const int64_t ms = micros >= 0 ? micros / 1000 : (micros - 999) / 1000;
  const int64_t s = ms >= 0 ? ms / 1000 : (ms - 999) / 1000;
  return fmt::format("{}.{:03}Z", Face(s), ms - s * 1000);
}

std::string UtcStamp(WallTime time) {
  return Face(std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count()) + "Z";
}

Result<WallTime> ParseUtc(std::string_view text) {
  auto parsed = ParseTime(text);
  if (!parsed.ok()) return std::move(parsed).status();
  if (!parsed->offset_s) return Invalid("a time needs an offset");
  return WallTime(std::chrono::microseconds((parsed->local_s - *parsed->offset_s) * 1'000'000 +
                                            parsed->micros));
}

Result<StoreZone> StoreZone::Load(const std::string& name) {
  try {
    const date::time_zone* zone = name.empty() ? date::current_zone() : date::locate_zone(name);
    return StoreZone(zone->name(), zone);
  } catch (const std::runtime_error&) {
    return Invalid("time zone \"" + name +
                   "\" is not in the system's time zone database (package tzdata)");
  }
}

ResolvedTime StoreZone::Resolve(const ParsedTime& time) const {
  const auto& zone = *static_cast<const date::time_zone*>(zone_);
  ResolvedTime resolved;
  int64_t utc_s = 0;
  if (time.offset_s) {
    utc_s = time.local_s - *time.offset_s;
    resolved.quality = "exact";
  } else {
    const auto info = zone.get_info(date::local_seconds(seconds(time.local_s)));
    // A face that occurs twice is taken as its first occurrence; one that the spring change skips
    // is read with the offset before the change.
    utc_s = time.local_s - info.first.offset.count();
    resolved.quality =
        info.result == date::local_info::ambiguous ? "dst_ambiguous" : "zone_assumed";
  }
  const auto offset = zone.get_info(date::sys_seconds(seconds(utc_s))).offset.count();
  resolved.wall = Face(utc_s + offset);
  resolved.text = resolved.wall;
  AppendOffset(&resolved.text, static_cast<int32_t>(offset));
  resolved.utc = WallTime(std::chrono::microseconds(utc_s * 1'000'000 + time.micros));
  return resolved;
}

}  // namespace tillrelay::event
