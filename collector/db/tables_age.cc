// What is deleted by age, and what is kept of that: tables.h.
#include <algorithm>

#include "collector/db/statements_age.h"
#include "collector/db/tables.h"
#include "common/event/time_text.h"

namespace tillrelay::collector {
namespace {

// What is no time is put where it doubts everything: an event with such a one cannot be placed.
WallTime TimeOf(std::string_view text) {
  const auto time = event::ParseUtc(text);
  return time.ok() ? *time : WallTime{};
}

}  // namespace

Result<int64_t> Tables::CountSeen(std::optional<int64_t> expected, int64_t seconds) {
  Head head;
  auto begun = Begin({}, &head);
  if (!begun.ok()) return std::move(begun).status();
  auto row = sql_.Run(sql::kObserved);
  if (!row.ok()) return std::move(row).status();
  if (row->empty()) return Corrupt("table observed is empty");
  int64_t seen = row->Int(0, 0);
  if (expected && seen == *expected && seconds > 0) {
    seen += seconds;
    Input save(sql::kSaveObserved);
    TRY(sql_.Queue(sql::kSaveObserved, save.Int(seen)));
  }
  TRY(Commit());
  return seen;
}

Status Tables::SaveAgeMark(int64_t seen_s, uint64_t position) {
  Head head;
  auto begun = Begin({}, &head);
  if (!begun.ok()) return std::move(begun).status();
  Input mark(sql::kSaveAgeMark);
  TRY(sql_.Queue(sql::kSaveAgeMark, mark.Int(seen_s).Int(std::min(position, head.position))));
  // The newest mark at or below what is deleted says all that older ones say.
  Input drop(sql::kDropAgeMarks);
  TRY(sql_.Queue(sql::kDropAgeMarks, drop.Int(head.purged)));
  return Commit();
}

Result<uint64_t> Tables::PositionMarkedBy(int64_t seen_s) {
  Input input(sql::kAgeMarkBy);
  auto row = sql_.Run(sql::kAgeMarkBy, input.Int(seen_s));
  if (!row.ok()) return std::move(row).status();
  return row->empty() ? 0 : row->Unsigned(0, 0);
}

Result<std::map<std::string, PurgedRanges>> Tables::ReadForgotten() {
  auto rows = sql_.Run(sql::kForgottenRanges);
  if (!rows.ok()) return std::move(rows).status();
  std::map<std::string, PurgedRanges> forgotten;
  for (size_t i = 0; i < rows->size(); ++i) {
    forgotten[rows->Text(i, 0)].push_back({TimeOf(rows->Text(i, 1)), TimeOf(rows->Text(i, 2))});
  }
  return forgotten;
}

Status Tables::WriteForgotten(const std::map<std::string, PurgedRanges>& forgotten) {
  Input clear(sql::kClearForgotten), ranges(sql::kSaveForgotten);
  for (const auto& [store, list] : forgotten) {
    clear.Text(store);
    for (const PurgedRange& range : list) {
      ranges.Text(store).Own(event::UtcText(range.first)).Own(event::UtcText(range.last));
    }
  }
  TRY(sql_.Queue(sql::kClearForgotten, clear));
  return sql_.Queue(sql::kSaveForgotten, ranges);
}

Status Tables::WriteDoubtful(const Changes& changes) {
  Input doubtful(sql::kSaveDoubtful);
  for (const DoubtfulRow& row : changes.doubtful) {
    doubtful.Text(row.number.key.store).Text(row.number.key.stream).Int(row.number.sequence);
    doubtful.Text(row.id).Text(row.kind).Text(row.recorded_at).Text(changes.now);
  }
  return sql_.Queue(sql::kSaveDoubtful, doubtful);
}

Result<uint64_t> Tables::Purge(uint64_t through, uint64_t most) {
  Head head;
  auto begun = Begin({}, &head);
  if (!begun.ok()) return std::move(begun).status();
  const uint64_t end = std::min({through, head.purged + most, head.position});
  if (end <= head.purged) {
    TRY(Commit());
    return uint64_t{0};
  }
  Input oldest(sql::kOldest);
  auto rows = sql_.Run(sql::kOldest, oldest.Int(head.purged).Int(end));
  if (!rows.ok()) return std::move(rows).status();
  size_t count = 0;
  while (count < rows->size() && rows->Unsigned(count, 0) == head.purged + count + 1) ++count;
  if (count == 0) return Corrupt("no event has the position behind those that were deleted");
  const uint64_t last = head.purged + count;
  TRY(ForgetRows(*rows, count));
  Input events(sql::kPurgeEvents), movements(sql::kPurgeMovements), purged(sql::kPurged);
  TRY(sql_.Queue(sql::kPurgeEvents, events.Int(head.purged).Int(last)));
  TRY(sql_.Queue(sql::kPurgeMovements, movements.Int(head.purged).Int(last)));
  TRY(ClearReceipts(head.purged, last));
  // What an older program counted has no hash; where its positions end the history begins.
  const std::string& hash =
      last <= head.changes_after ? head.purged_hash : rows->Text(count - 1, 5);
  TRY(sql_.Queue(sql::kPurged, purged.Int(last).Text(hash)));
  // What stands beside them in their streams: rows without effect, and repetitions.
  std::map<StreamKey, uint64_t> streams;
  for (size_t i = 0; i < count; ++i) {
    uint64_t& highest = streams[{rows->Text(i, 1), rows->Text(i, 2)}];
    highest = std::max(highest, rows->Unsigned(i, 3));
  }
  Input uncounted(sql::kPurgeUncounted), duplicates(sql::kPurgeDuplicates);
  for (const auto& [key, sequence] : streams) {
    uncounted.Text(key.store).Text(key.stream).Int(sequence);
    duplicates.Text(key.store).Text(key.stream).Int(sequence);
  }
  TRY(sql_.Queue(sql::kPurgeUncounted, uncounted));
  TRY(sql_.Queue(sql::kPurgeDuplicates, duplicates));
  TRY(Commit());
  return uint64_t{count};
}

// Notes when the first `count` of these rows were recorded.
Status Tables::ForgetRows(const Rows& rows, size_t count) {
  std::map<std::string, PurgedRanges> changed;
  for (size_t i = 0; i < count; ++i) changed.try_emplace(rows.Text(i, 1));
  Input stores(sql::kForgottenOf);
  for (const auto& [store, ranges] : changed) stores.Text(store);
  auto known = sql_.Run(sql::kForgottenOf, stores);
  if (!known.ok()) return std::move(known).status();
  for (size_t i = 0; i < known->size(); ++i) {
    changed[known->Text(i, 0)].push_back({TimeOf(known->Text(i, 1)), TimeOf(known->Text(i, 2))});
  }
  for (size_t i = 0; i < count; ++i) {
    NotePurged(TimeOf(rows.Text(i, 4)), &changed[rows.Text(i, 1)]);
  }
  return WriteForgotten(changed);
}

}  // namespace tillrelay::collector
