// What: times as documents write them, and the store's time zone.
// Promise: no wall clock is read here; a local time that the zone knows twice is flagged, never
//   guessed silently. Zone rules come from the system's tz database.
// Thread: any (values; a loaded zone is immutable).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/status.h"

namespace tillrelay::event {

// "2026-11-21T17:42:08[.fraction][Z|+01:00]" (RFC 3339; a blank instead of T is taken too).
struct ParsedTime {
  int64_t local_s = 0;  // seconds since 1970-01-01T00:00:00 of the clock face that was written
  int32_t micros = 0;
  std::optional<int32_t> offset_s;  // east of UTC, when written
};

Result<ParsedTime> ParseTime(std::string_view text);
bool IsDay(std::string_view text);  // YYYY-MM-DD, an existing day
// The day so many days after an existing one, or before it.
std::string DayAfter(const std::string& day, int days);

// "2026-11-21T16:42:09.512Z"
std::string UtcText(WallTime time);
std::string UtcStamp(WallTime time);  // to the second: "2026-11-21T16:42:09Z"
Result<WallTime> ParseUtc(std::string_view text);

// Whether a register's time of that quality orders its receipts: not one that the clock face had
// twice, nor the agent's own guess.
inline bool IsTrustedTime(std::string_view quality) {
  return quality != "dst_ambiguous" && quality != "agent_clock";
}

struct ResolvedTime {
  std::string text;     // RFC 3339 with the store's offset: "2026-11-21T17:42:08+01:00"
  std::string wall;     // the store's clock face without offset: "2026-11-21T17:42:08"
  std::string quality;  // "exact" | "zone_assumed" | "dst_ambiguous"
  WallTime utc{};
};

class StoreZone {
 public:
  // Invalid if the tz database has no such zone. "" is the system's zone.
  static Result<StoreZone> Load(const std::string& name);
  const std::string& name() const { return name_; }

  // A time with an offset is converted; one without is read on the store's clock face.
  ResolvedTime Resolve(const ParsedTime& time) const;

 private:
  StoreZone(std::string name, const void* zone) : name_(std::move(name)), zone_(zone) {}
  std::string name_;
  const void* zone_;  // date::time_zone of the process-wide database, never freed
};

}  // namespace tillrelay::event
