// Positions by the time of recording.
#include <algorithm>

#include "agent/journal/query/search.h"

namespace tillrelay::journal {

// The lowest kept position that was recorded at `time` or later; one above the highest if none was.
Result<uint64_t> Search::FirstRecordedFrom(WallTime time) {
  // Each end by itself: asked for both at once SQLite reads the whole table.
  auto ends = db_.Prepare(
      "SELECT ifnull((SELECT min(position) FROM event),1),"
      "ifnull((SELECT max(position) FROM event),0)");
  if (!ends.ok()) return std::move(ends).status();
  if (auto row = ends->Step(); !row.ok()) return std::move(row).status();
  uint64_t low = ends->Unsigned(0), high = ends->Unsigned(1) + 1;
  ends->Reset();
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    auto row = ascending_.Bind(1, middle - 1).Bind(2, uint64_t{1}).Step();
    if (!row.ok()) return std::move(row).status();
    const bool early = *row && WallTime(std::chrono::microseconds(ascending_.Int(5))) < time;
    const uint64_t position = *row ? ascending_.Unsigned(0) : middle;
    ascending_.Reset();
    if (early) {
      low = position + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

Result<uint64_t> Search::CountRecorded(WallTime first, WallTime last, uint64_t through) {
  auto from = FirstRecordedFrom(first);
  if (!from.ok()) return from;
  auto behind = FirstRecordedFrom(last + std::chrono::microseconds(1));
  if (!behind.ok() || *behind <= *from) return behind.ok() ? Result<uint64_t>(0) : behind;
  auto count = db_.Prepare("SELECT count(*) FROM event WHERE position>=?1 AND position<?2");
  if (!count.ok()) return std::move(count).status();
  count->Bind(1, *from).Bind(2, std::min(*behind, through + 1));
  if (auto row = count->Step(); !row.ok()) return std::move(row).status();
  return count->Unsigned(0);
}

Result<std::optional<uint64_t>> Search::CountOfDay(const std::string& business_day,
                                                   uint64_t through) {
  auto lowest = db_.QueryInt("SELECT ifnull((SELECT min(position) FROM event),1)");
  if (!lowest.ok()) return std::move(lowest).status();
  const auto first = static_cast<uint64_t>(*lowest);
  if (through >= first && through - first >= kCountRows) return std::optional<uint64_t>();
  auto count = db_.Prepare(
      "SELECT count(*) FROM event WHERE position>=?1 AND position<?2 AND instr(data,?3)>0");
  if (!count.ok()) return std::move(count).status();
  const std::string member = "\"business_day\":\"" + business_day + "\"";
  uint64_t found = 0;
  for (uint64_t at = first; at <= through; at += kPieceRows) {
    count->Bind(1, at).Bind(2, std::min(at + kPieceRows, through + 1)).BindText(3, member);
    if (auto row = count->Step(); !row.ok()) return std::move(row).status();
    found += count->Unsigned(0);
    count->Reset();
  }
  return std::optional(found);
}

}  // namespace tillrelay::journal
