// Who delivers: sink.h.
#include "collector/sinks/sink.h"

namespace tillrelay::collector {

// Where several share a database the lease decides, by the database's clock. An owner that was not
// seen to renew it for as long as it lasts is gone, whatever that clock was set to. A process that
// starts again takes over from its former self.
bool Sink::MayTake(const SinkRow& row, int64_t now) const {
  const bool ours = !taken_before_ && row.owner == deps_.owner;
  const bool over = row.leased_until <= now;
  const bool silent = seen_until_ == row.leased_until && clock_.Now() - seen_at_ >= kSilent;
  return deps_.alone || row.owner.empty() || ours || over || silent;
}

// Longer than a try, in which a name is looked up as well.
std::chrono::seconds Sink::LeaseTime() const {
  return std::chrono::seconds(2 * config_.timeout_s + 20);
}

Status Sink::Take(Sql* sql, const std::optional<SinkRow>& known) {
  if (known && seen_until_ != known->leased_until) {
    seen_until_ = known->leased_until;
    seen_at_ = clock_.Now();
  }
  auto now = DatabaseMicros(sql);
  if (!now.ok()) return std::move(now).status();
  if (known && !MayTake(*known, *now)) return Status::Ok();
  const Instant before = clock_.Now();
  std::optional<SinkRow> taken;
  TRY(deps_.write([&](Sql* writer) -> Status {
    auto row = ReadSink(writer, config_.name);
    if (!row.ok()) return std::move(row).status();
    auto at = DatabaseMicros(writer);
    if (!at.ok()) return std::move(at).status();
    if (!*row) {
      auto head = ReadHead(writer);
      if (!head.ok()) return std::move(head).status();
      row->emplace().name = config_.name;
      (*row)->cursor = *std::move(head);
    }
    if (!MayTake(**row, *at)) return Status::Ok();
    ++(*row)->epoch;
    (*row)->owner = deps_.owner;
    (*row)->leased_until = *at + std::chrono::microseconds(LeaseTime()).count();
    taken = **row;
    return SaveSink(writer, **row);
  }));
  if (!taken) return Status::Ok();
  lease_ = Lease{taken->epoch, before + LeaseTime()};
  taken_before_ = true;
  verified_ = false;
  orders_ = taken->orders;
  failures_ = static_cast<int>(taken->failures);
  passed_.reset();
  singly_through_ = 0;
  log::Info("sinks", "sink {} is delivered by this collector, behind position {}", config_.name,
            taken->cursor.at.position);
  return Status::Ok();
}

// Every change renews the lease.
Result<bool> Sink::Update(const Change& change) {
  const Instant before = clock_.Now();
  bool changed = false;
  TRY(deps_.write([&](Sql* sql) -> Status {
    auto row = ReadSink(sql, config_.name);
    if (!row.ok()) return std::move(row).status();
    if (!*row || !lease_ || (*row)->epoch != lease_->epoch || !change(&**row)) return Status::Ok();
    auto now = DatabaseMicros(sql);
    if (!now.ok()) return std::move(now).status();
    (*row)->leased_until = *now + std::chrono::microseconds(LeaseTime()).count();
    changed = true;
    return SaveSink(sql, **row);
  }));
  if (changed) lease_->until = before + LeaseTime();
  return changed;
}

Status Sink::RenewIfDue() {
  if (lease_->until - clock_.Now() > LeaseTime() * 4 / 5) return Status::Ok();
  const std::optional<Cursor> passed = passed_;
  return Update([&passed](SinkRow* row) {
           if (passed && row->sending == 0 && row->cursor.at.position < passed->at.position) {
             row->cursor = *passed;
           }
           return true;
         })
      .status();
}

void Sink::Release() {
  if (!lease_) return;
  (void)Update([](SinkRow* row) {
    row->owner.clear();
    return true;
  });
  lease_.reset();
}

}  // namespace tillrelay::collector
