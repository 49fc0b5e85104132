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
  auto forgotten = ReadForgotten();
  if (!forgotten.ok()) return std::move(forgotten).status();
  std::map<std::string, PurgedRanges> changed;
  uint64_t last = head.purged;
  Input purge(sql::kPurge), purged(sql::kPurged);
  for (size_t i = 0; i < rows->size() && rows->Unsigned(i, 0) == last + 1; ++i) {
    purge.Int(++last);
    const std::string& store = rows->Text(i, 1);
    auto& ranges = changed.try_emplace(store, (*forgotten)[store]).first->second;
    NotePurged(TimeOf(rows->Text(i, 2)), &ranges);
  }
  TRY(sql_.Queue(sql::kPurge, purge));
  TRY(sql_.Queue(sql::kPurged, purged.Int(last)));
  TRY(WriteForgotten(changed));
  TRY(Commit());
  return last - head.purged;
}

}  // namespace tillrelay::collector
