#include "agent/journal/room.h"

#include <algorithm>
#include <string>

#include "agent/journal/store.h"
#include "agent/journal/stream_tables.h"

namespace tillrelay::journal {
namespace {

constexpr uint64_t kMargin = 8 * 1024 * 1024;
constexpr uint64_t kMarginShare = 8;  // of a small limit or a small disk
constexpr const char* kCutShort = "cut_short_through";

uint64_t Minus(uint64_t from, uint64_t what) { return from - std::min(from, what); }

}  // namespace

Room RoomIn(const RoomSample& sample, const RoomLimits& limits) {
  const uint64_t disk = Minus(sample.disk_free_bytes, sample.owed_growth() + limits.min_free_bytes);
  Room room;
  room.bytes = sample.log_is_held() ? disk : disk + sample.reusable_bytes;
  room.margin = std::min(kMargin, sample.disk_bytes / kMarginShare);
  if (limits.max_bytes == 0) return room;
  const uint64_t used = std::max(sample.content_bytes, sample.file_bytes) + sample.log_bytes -
                        std::min(sample.reusable_bytes, sample.content_bytes);
  const uint64_t left = Minus(limits.max_bytes, used);
  if (left >= room.bytes) return room;
  room.bytes = left;
  room.own_limit = true;
  room.margin = std::min(room.margin, limits.max_bytes / kMarginShare);
  return room;
}

Result<bool> JournalStore::TrimForRoom(const DeletionPermit& permit) {
  CHECK(!in_transaction_);
  const std::optional<uint64_t> end = OldestBlock(&permit);
  if (!end) return false;
  auto recorded = sql_.recorded_at.Bind(1, *end).Step();
  if (!recorded.ok()) return std::move(recorded).status();
  WallTime through = cut_short_through_;
  if (*recorded) {
    through = std::max(through, WallTime(std::chrono::microseconds(sql_.recorded_at.Int(0))));
    sql_.recorded_at.Reset();
  }
  sqlite::Transaction transaction(&db_);
  TRY(transaction.Begin());
  TRY(sql_.delete_rows.Bind(1, *end).Run());
  auto save = db_.Prepare("INSERT OR REPLACE INTO meta VALUES(?1,?2)");
  if (!save.ok()) return std::move(save).status();
  TRY(save->BindText(1, kCutShort).BindText(2, std::to_string(Micros(through))).Run());
  TRY(transaction.Commit());
  cut_short_through_ = through;
  SetFloors(&streams_, *end + 1);
  committed_ = streams_.back();
  return true;
}

Status JournalStore::LoadCutShort() {
  auto saved = db_.QueryText("SELECT value FROM meta WHERE key='" + std::string(kCutShort) + "'");
  if (saved.status().code() == Code::kNotFound) return Status::Ok();
  if (!saved.ok()) return std::move(saved).status();
  const bool number = !saved->empty() && saved->size() < 19 &&
                      saved->find_first_not_of("0123456789") == std::string::npos;
  // It is shown to people and decides nothing.
  if (number) cut_short_through_ = WallTime(std::chrono::microseconds(std::stoll(*saved)));
  return Status::Ok();
}

WallTime JournalStore::OldestKeptAt() {
  const uint64_t lowest = LowestKept(streams_);
  if (lowest > committed_.base + committed_.head) return {};
  if (lowest == oldest_position_) return oldest_kept_at_;
  auto row = sql_.recorded_at.Bind(1, lowest).Step();
  if (!row.ok() || !*row) return {};
  oldest_kept_at_ = WallTime(std::chrono::microseconds(sql_.recorded_at.Int(0)));
  sql_.recorded_at.Reset();
  oldest_position_ = lowest;
  return oldest_kept_at_;
}

Result<JournalStore::PageUse> JournalStore::Pages() {
  uint64_t values[3] = {};
  const char* const queries[] = {"PRAGMA page_size", "PRAGMA page_count", "PRAGMA freelist_count"};
  for (size_t i = 0; i < std::size(queries); ++i) {
    auto value = db_.QueryInt(queries[i]);
    if (!value.ok()) return std::move(value).status();
    values[i] = static_cast<uint64_t>(*value);
  }
  return PageUse{values[0] * values[1], values[0] * values[2]};
}

}  // namespace tillrelay::journal
