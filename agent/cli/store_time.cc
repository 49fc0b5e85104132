#include "agent/cli/store_time.h"

#include "common/event/time_text.h"
#include "common/language/language.h"

namespace tillrelay::cli {

std::string StoreTimeText(std::string_view utc, const std::string& time_zone) {
  constexpr size_t kToTheSecond = 19, kBetween = 10;
  const auto parsed = event::ParseTime(utc);
  if (!parsed.ok() || !parsed->offset_s) return std::string(utc);
  auto zone = event::StoreZone::Load(time_zone);
  if (!zone.ok()) zone = event::StoreZone::Load("UTC");
  if (!zone.ok()) return std::string(utc);
  std::string wall = zone->Resolve(*parsed).wall.substr(0, kToTheSecond);
  wall[kBetween] = ' ';
  return strings::Dated(wall) + " " + zone->name();
}

}  // namespace tillrelay::cli
