#include "collector/control/observed_age.h"

namespace tillrelay::collector {

using std::chrono::duration_cast;
using std::chrono::seconds;

Status ObservedAge::Observe(Tables* tables, Instant now, uint64_t position) {
  if (!seen_at_) {
    seen_at_ = now;
    position_ = position;
    saved_s_.reset();
    return Save(tables, now);
  }
  // What was there at the last turn was there before the time since then passed.
  const bool mark = marked_s_ && saved_s_ && position_ > 0 &&
                    (now - *seen_at_ >= kMarkEvery ||
                     *saved_s_ + duration_cast<seconds>(unsaved_).count() - *marked_s_ >=
                         duration_cast<seconds>(kMarkEvery).count());
  if (mark) {
    const int64_t at = *saved_s_ + duration_cast<seconds>(unsaved_).count() + 1;
    TRY(tables->SaveAgeMark(at, position_));
    marked_s_ = at;
  }
  unsaved_ += now - *seen_at_;
  seen_at_ = now;
  position_ = position;
  return now - saved_at_ >= kSaveEvery ? Save(tables, now) : Status::Ok();
}

Status ObservedAge::Save(Tables* tables, Instant now) {
  const int64_t whole = duration_cast<seconds>(unsaved_).count();
  auto row = tables->CountSeen(saved_s_, whole);
  if (!row.ok()) return std::move(row).status();
  // Another one has counted meanwhile: its time is the same as ours.
  unsaved_ = saved_s_ && *row == *saved_s_ + whole ? unsaved_ - seconds(whole) : Duration(0);
  saved_s_ = *row;
  if (!marked_s_ || *marked_s_ > *row) marked_s_ = *row;
  saved_at_ = now;
  return Status::Ok();
}

Result<uint64_t> ObservedAge::PositionOf(Tables* tables, Duration keep) const {
  if (!saved_s_) return uint64_t{0};
  return tables->PositionMarkedBy(*saved_s_ - duration_cast<seconds>(keep).count());
}

}  // namespace tillrelay::collector
