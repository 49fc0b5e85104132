// What the collector does now and then: collector.h.
#include "collector/exceptions/status_findings.h"
#include "collector/ledger/movement_fill.h"
#include "collector/ledger/receipt_fill.h"
#include "collector/service/collector.h"
#include "common/event/time_text.h"

namespace tillrelay::collector {

Status Collector::LoadGaps() {
  const Now now = Read();
  auto gaps = store_.tables().Gaps();
  if (!gaps.ok()) return std::move(gaps).status();
  reported_gaps_.clear();
  for (auto& [key, row] : *gaps) {
    reported_gaps_[key].push_back(row.range);
    Gap gap;
    static_cast<GapRow&>(gap) = row;
    gaps_.Remember(key, gap, now);
  }
  return Status::Ok();
}

void Collector::Upkeep() {
  const Instant now = clock_.Now();
  if (store_.sql()->shared() && now >= upkeep_at_) {
    upkeep_at_ = now + kUpkeepEvery;
    if (Status led = Lead(); !led.ok()) return StoreFailed(led);
  }
  if (news_.leads && now >= rescue_at_) {
    rescue_at_ = now + kRescueEvery;
    if (Status rescued = ApplyDiverged(); !rescued.ok()) return StoreFailed(rescued);
  }
  if (news_.leads && tried_) {
    if (Status applied = ApplyKept(); !applied.ok()) return StoreFailed(applied);
  }
  if (news_.leads && !filled_) {
    if (Status filled = Fill(); !filled.ok()) return StoreFailed(filled);
  }
  if (news_.leads && filled_ && !receipts_filled_) {
    if (Status filled = FillReceipts(); !filled.ok()) return StoreFailed(filled);
  }
  if (news_.leads && filled_) {
    if (Status released = ReleaseHeld(); !released.ok()) return StoreFailed(released);
  }
  if (news_.leads && DaysBehind() && now >= days_at_) {
    if (Status followed = FollowDays(); IsDataError(followed)) {
      DetectLater(followed);
    } else if (!followed.ok()) {
      return StoreFailed(followed);
    }
  }
  if (news_.leads && (sweep_.running() || now >= detect_at_)) {
    if (Status detected = DetectExceptions(); IsDataError(detected)) {
      DetectLater(detected);
    } else if (!detected.ok()) {
      return StoreFailed(detected);
    }
  }
  if (retention_.count() == 0) return;
  if (!news_.leads) return age_.Pause();
  if (Status seen = age_.Observe(&store_.tables(), now, store_.position()); !seen.ok()) {
    return StoreFailed(seen);
  }
  if (now < purge_at_) return;
  if (Status purged = Purge(); !purged.ok()) StoreFailed(purged);
}

// One of those who share a database looks after all streams, also those whose events went to the
// others. It loses that with its connection, and another one takes over. The others see to what is
// left of the stores that speak to them: those may speak to nobody else.
Status Collector::Lead() {
  auto leads = store_.sql()->Lead();
  if (!leads.ok()) return std::move(leads).status();
  gaps_.Follow(!*leads);
  if (*leads && !news_.leads) {
    log::Info("collector", "this collector looks after the stores now");
    TRY(LoadGaps());
  }
  news_.leads = *leads;
  next_held_known_ = false;  // others hold counts too
  TRY(RefreshOpen());
  return news_.leads ? DeleteClosedGaps() : Status::Ok();
}

// What went to the other collectors may have filled holes, or made some.
Status Collector::RefreshOpen() {
  auto open = store_.RefreshOpen(gaps_.Open());
  if (!open.ok()) return std::move(open).status();
  const Now now = Read();
  for (const StreamKey& key : *open) {
    if (!Minds(key)) continue;
    auto state = store_.Find(key);
    if (!state.ok()) return std::move(state).status();
    if (*state != nullptr) gaps_.Received(key, **state, now);
  }
  return Status::Ok();
}

// Whoever wrote a gap down may be gone when it closes.
Status Collector::DeleteClosedGaps() {
  static const Statement kClosed(
      "DELETE FROM gap WHERE EXISTS (SELECT 1 FROM stream s WHERE s.store_id = gap.store_id"
      " AND s.stream = gap.stream AND s.confirmed_through >= gap.last)",
      "");
  const Instant now = clock_.Now();
  if (now < closed_at_) return Status::Ok();
  closed_at_ = now + kClosedEvery;
  TRY(store_.Begin(Read().text));
  auto deleted = store_.sql()->Run(kClosed);
  if (!deleted.ok()) return std::move(deleted).status();
  return store_.Commit();
}

Status Collector::ApplyDiverged() {
  const WallTime now = clock_.Wall();
  TRY(store_.Begin(event::UtcText(now)));
  auto rescued = store_.ApplyDiverged(event::UtcText(now - kRescueAfter));
  if (!rescued.ok()) return std::move(rescued).status();
  TRY(store_.Commit());
  news_.rescued += *rescued;
  if (*rescued > 0) {
    log::Error("collector", "{} events that were kept aside for an hour are applied now", *rescued);
  }
  return Status::Ok();
}

// What an older program, or an older database, could not apply is tried once by each run.
Status Collector::ApplyKept() {
  auto kept = store_.tables().Unapplied(*tried_);
  if (!kept.ok()) return std::move(kept).status();
  if (kept->empty()) {
    tried_.reset();
    return Status::Ok();
  }
  for (UnappliedRow& row : *kept) {
    auto applied = store_.ApplyKeptAlone(row, "", event::UtcText(clock_.Wall()));
    if (!applied.ok()) return std::move(applied).status();
    if (*applied) {
      log::Info("collector", "store {}: event {} of stream {}, which was kept, is applied now",
                row.number.key.store, row.number.sequence, row.number.key.stream);
      TRY(RefreshGaps(row.number.key));
    }
    row.raw.clear();
    tried_ = std::move(row);
  }
  return Status::Ok();
}

// Whoever asks for a day finds on it what was confirmed a second ago. Judging a closed day reads
// all of it, and waits for the next round.
Status Collector::FollowDays() {
  const uint64_t position = store_.position();
  auto more = StoreDays::Follow(store_.sql(), event::UtcText(clock_.Wall()));
  if (!more.ok()) return std::move(more).status();
  if (*more) return Status::Ok();  // on with the next turn
  days_followed_ = position;
  days_at_ = clock_.Now() + kDaysEvery;
  return Status::Ok();
}

// A round goes on in the next turn when its time is over.
Status Collector::DetectExceptions() {
  const Instant begun = clock_.Now();
  while (!sweep_.running()) {
    auto more = StoreDays::Step(store_.sql(), event::UtcText(clock_.Wall()),
                                thresholds_.returns_off_percent);
    if (!more.ok()) return std::move(more).status();
    if (!*more) break;
    if (clock_.Now() - begun > kDetectAtOnce) return Status::Ok();
  }
  for (;;) {
    auto more = sweep_.Step(store_.sql(), clock_.Wall(), [this] { return FindInStatuses(); });
    if (!more.ok()) return std::move(more).status();
    if (!*more) {
      detect_at_ = clock_.Now() + kDetectEvery;
      return Status::Ok();
    }
    if (clock_.Now() - begun > kDetectAtOnce) return Status::Ok();
  }
}

// A row that the database does not take must not keep events from being stored.
void Collector::DetectLater(const Status& failure) {
  store_.Rollback();
  sweep_.Abandon();
  detect_at_ = days_at_ = clock_.Now() + kDetectEvery;
  undetected_.Report("exceptions and days are not looked at: " + failure.message(), clock_.Now());
}

// Whoever could not hear does not call others silent.
Result<StatusFindings> Collector::FindInStatuses() {
  static const Statement kStored("SELECT DISTINCT store_id FROM stream", "");
  if (!connected_since_ || clock_.Now() - *connected_since_ < silent_after_) {
    return StatusFindings();
  }
  auto rows = store_.sql()->Run(kStored);
  if (!rows.ok()) return std::move(rows).status();
  return FindInStatus({expected_, silent_after_, clock_.Wall(), news_.started_at, thresholds_},
                      fleet_.Stores(), {rows->cells.begin(), rows->cells.end()});
}

void Collector::RunOrders() {
  if (orders_ == nullptr) return;
  for (const auto& [order, done] : orders_->Take()) {
    Status decided = failing() ? Unavailable("the database fails") : Status::Ok();
    const std::string now = event::UtcText(clock_.Wall());
    if (decided.ok()) decided = store_.Begin(now);
    if (decided.ok()) decided = CarryOut(store_.sql(), order, now);
    if (decided.ok()) decided = store_.Commit();
    const bool of_the_order = decided.code() == Code::kInvalid ||
                              decided.code() == Code::kNotFound ||
                              decided.code() == Code::kConflict;
    if (of_the_order) store_.Rollback();
    if (!decided.ok() && !of_the_order && !failing()) StoreFailed(decided);
    if (decided.ok()) log::Info("collector", "{}", OrderText(order));
    done(decided);
  }
}

// Each is a short transaction of its own, between those that count.
void Collector::RunWrites() {
  if (writes_ == nullptr) return;
  Status written = writes_->Carry(failing() ? nullptr : store_.sql());
  if (!written.ok() && !failing()) StoreFailed(written);
}

// What an older program counted has no rows in table movement yet.
Status Collector::Fill() {
  auto filled = FillMovements(store_.sql());
  if (!filled.ok()) return std::move(filled).status();
  filled_ = *filled;
  return Status::Ok();
}

// Nor has it in those that a warehouse reads.
Status Collector::FillReceipts() {
  auto filled = collector::FillReceipts(store_.sql());
  if (!filled.ok()) return std::move(filled).status();
  receipts_filled_ = *filled;
  return Status::Ok();
}

// A count is applied when the clock passes its time.
Status Collector::ReleaseHeld() {
  if (held_seen_ != store_.held_counts()) next_held_known_ = false;
  held_seen_ = store_.held_counts();
  if (!next_held_known_) {
    auto next = store_.tables().NextHeld();
    if (!next.ok()) return std::move(next).status();
    next_held_ = *next;
    next_held_known_ = true;
  }
  if (!next_held_ || clock_.Wall().time_since_epoch().count() < *next_held_) return Status::Ok();
  TRY(store_.Begin(event::UtcText(clock_.Wall())));
  auto lines = store_.ReleaseCounts();
  if (!lines.ok()) return std::move(lines).status();
  TRY(store_.Commit());
  next_held_known_ = false;
  if (*lines > 0) log::Info("collector", "{} lines of counts that were held are applied", *lines);
  return Status::Ok();
}

std::optional<Instant> Collector::HeldDeadline() const {
  if (!news_.leads || failing()) return std::nullopt;
  const Instant now = clock_.Now();
  if (!filled_ || !receipts_filled_ || !next_held_known_) return now;
  if (!next_held_) return std::nullopt;
  const Duration wait = WallTime(std::chrono::microseconds(*next_held_)) - clock_.Wall();
  return now + std::clamp<Duration>(wait, Duration::zero(), std::chrono::hours(1));
}

// As long as there is more, half of the time goes into it.
Status Collector::Purge() {
  const Instant begun = clock_.Now();
  auto through = age_.PositionOf(&store_.tables(), retention_);
  if (!through.ok()) return std::move(through).status();
  auto purged = store_.tables().Purge(*through, kPurgeSlice);
  if (!purged.ok()) return std::move(purged).status();
  const bool more = *purged == kPurgeSlice;
  const Instant now = clock_.Now();
  purge_at_ = now + (more ? now - begun : Duration(kPurgeEvery));
  return Status::Ok();
}

}  // namespace tillrelay::collector
