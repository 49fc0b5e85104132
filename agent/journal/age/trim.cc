// Deletion of events: confirmed, within what the centre has just allowed, and old enough by the
// time that was really seen to pass. docs/journal.md, promise 6 and "Age".
#include <algorithm>
#include <optional>

#include "agent/journal/schema.h"
#include "agent/journal/store.h"
#include "agent/journal/stream_tables.h"

namespace tillrelay::journal {

uint64_t JournalStore::Deletable(const StreamRow& row, const DeletionPermit* permit) const {
  if (permit == nullptr) return row.confirmed_through;
  if (permit->by_broker) return std::max(row.acked_through, row.confirmed_through);
  for (const auto& [stream, through] : permit->through) {
    if (stream == row.stream) return std::min(through, row.confirmed_through);
  }
  return 0;
}

// The end of the oldest block that is confirmed and that the permit covers; nothing if none is.
std::optional<uint64_t> JournalStore::OldestBlock(const DeletionPermit* permit) const {
  const uint64_t lowest = LowestKept(streams_);
  const StreamRow* row = StreamAt(streams_, lowest);
  if (row == nullptr) return std::nullopt;
  // Whole blocks, so that the mark at the end of a block is the chain just below the floor; a
  // stream that is over has a mark at its end.
  uint64_t last = (lowest - row->base + kMarkEvery - 1) / kMarkEvery * kMarkEvery;
  if (!row->current) last = std::min(last, row->head);
  if (last > row->head || last > Deletable(*row, permit)) return std::nullopt;
  return row->base + last;
}

Result<bool> JournalStore::Trim(Duration keep, const DeletionPermit* permit) {
  const std::optional<uint64_t> block = OldestBlock(permit);
  if (!block) return false;
  const uint64_t end = *block;
  if (keep > Duration(0)) {
    auto old = ages_.PositionOf(keep);
    if (!old.ok()) return std::move(old).status();
    if (end > *old) return false;
  }
  TRY(sql_.delete_rows.Bind(1, end).Run());
  SetFloors(&streams_, end + 1);
  committed_ = streams_.back();
  return true;
}

Status JournalStore::Observe(Instant tick, WallTime wall, bool save) {
  CHECK(!in_transaction_);
  return ages_.Observe(tick, wall, committed_.base + committed_.head, save);
}

Status JournalStore::SaveObservedTime() { return ages_.Save(committed_.base + committed_.head); }

Status JournalStore::Forget(Instant tick, Duration keep, Duration keep_events) {
  const uint64_t before = forgetter_.keep_from();
  TRY(forgetter_.Step(tick, keep));
  if (forgetter_.keep_from() == before) return Status::Ok();
  TRY(ages_.Drop(std::max(keep, keep_events)));
  return id_blocks_.Forget(forgetter_.keep_from());
}

}  // namespace tillrelay::journal
