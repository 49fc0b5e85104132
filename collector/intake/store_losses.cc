// What becomes of numbers that are declared lost: store.h, docs/collector.md "Declared losses".
#include <algorithm>

#include "collector/intake/losses.h"
#include "collector/intake/store.h"

namespace tillrelay::collector {
namespace {

constexpr const char* kParked = "parked";

const LossRow* At(const std::vector<LossRow>& losses, uint64_t number) {
  const auto found = std::find_if(losses.begin(), losses.end(),
                                  [number](const LossRow& loss) { return loss.Covers(number); });
  return found == losses.end() ? nullptr : &*found;
}

}  // namespace

Result<bool> Store::DeclareLost(const std::string& store, const Declared& loss) {
  auto changed = DeclareOne(store, loss);
  if (changed.ok()) TRY(DeclareCounted());
  return changed;
}

// Events `loss` that have counted. What they declare may let further ones count.
Status Store::DeclareCounted() {
  while (!declared_.empty()) {
    const auto [store, loss] = std::move(declared_.front());
    declared_.pop_front();
    auto changed = DeclareOne(store, loss);
    if (!changed.ok()) return std::move(changed).status();
  }
  return Status::Ok();
}

Result<bool> Store::DeclareOne(const std::string& store, const Declared& loss) {
  auto stream = Get({store, loss.stream});
  if (!stream.ok()) return std::move(stream).status();
  auto given_up = GiveUpOwed(**stream, loss);
  if (!given_up.ok()) return given_up;
  auto noted = NoteLoss(*stream, loss);
  if (!noted.ok()) return noted;
  TRY(JumpLost(*stream));
  return *given_up || *noted;
}

// Bodies that are owed and will not come.
Result<bool> Store::GiveUpOwed(const StreamState& s, const Declared& loss) {
  if (loss.range.first > s.through()) return false;
  TRY(Flush());
  auto owed = tables_.Owed(s.row.key);
  if (!owed.ok()) return std::move(owed).status();
  auto losses = tables_.Losses(s.row.key);
  if (!losses.ok()) return std::move(losses).status();
  bool any = false;
  for (const auto& [number, row] : *owed) {
    if (number < loss.range.first || number > loss.range.last || number > s.through()) continue;
    changes_.owed_over.push_back({s.row.key, number});
    if (At(*losses, number) != nullptr) continue;
    LossRow lost;
    lost.range = {number, number};
    lost.reason = loss.reason;
    changes_.losses.emplace_back(s.row.key, std::move(lost));
    any = true;
  }
  return any;
}

// The row stands from now on, wherever the watermark is; what was declared before stays as it is.
Result<bool> Store::NoteLoss(StreamState* s, const Declared& loss) {
  TRY(Flush());
  auto known = tables_.Losses(s->row.key);
  if (!known.ok()) return std::move(known).status();
  const std::vector<LossRow> fresh = NewLosses(*known, loss, s->through());
  if (fresh.empty()) return false;
  for (const LossRow& row : fresh) {
    changes_.losses.emplace_back(s->row.key, row);
    s->row.lost_through = std::max(s->row.lost_through, row.range.last);
  }
  s->dirty = true;
  TRY(Flush());
  TRY(LoadLost(s));
  return true;
}

Status Store::LoadLost(StreamState* s) {
  s->lost.clear();
  if (s->row.lost_through <= s->through()) return Status::Ok();
  auto losses = tables_.Losses(s->row.key);
  if (!losses.ok()) return std::move(losses).status();
  for (LossRow& loss : *losses) {
    if (loss.range.last > s->through()) s->lost.push_back(std::move(loss));
  }
  return Status::Ok();
}

// The watermark jumps what is lost just above it; islands in it count by their id.
Status Store::JumpLost(StreamState* s) {
  for (;;) {
    std::erase_if(s->lost, [s](const LossRow& loss) { return loss.range.last <= s->through(); });
    const LossRow* found = At(s->lost, s->through() + 1);
    if (found == nullptr) return Status::Ok();
    const LossRow loss = *found;
    TRY(Flush());
    TRY(CountOutOfOrderWithin(s, {s->through() + 1, loss.range.last}));
    s->row.chain = loss.chain;
    s->row.highest_seen = std::max(s->row.highest_seen, loss.range.last);
    s->dirty = true;
    s->seen.Jump(loss.range.last);
    TRY(Absorb(s, loss.range.last + 1, s->through()));
  }
}

Status Store::CountOutOfOrderWithin(StreamState* s, const wire::Range& range) {
  auto numbers = tables_.Islands(s->row.key, range.first - 1);
  if (!numbers.ok()) return std::move(numbers).status();
  std::vector<NumberKey> held;
  for (const uint64_t n : *numbers) {
    if (n <= range.last) held.push_back({s->row.key, n});
  }
  TRY(ReadRows(held));
  for (const NumberKey& number : held) {
    auto row = Row(number);
    if (!row.ok()) return std::move(row).status();
    const EventRow out_of_order = **row;
    TRY(CountIfLost(*s, number, out_of_order.kind == kParked));
    if (out_of_order.kind != kParked && out_of_order.kind != kUnappliedKind)
      TRY(CountOutOfOrder(out_of_order));
  }
  return Status::Ok();
}

// An island passes the watermark. Where its number was declared lost, it came after all; the body
// of one that is parked will not.
Status Store::CountIfLost(const StreamState& s, const NumberKey& number, bool parked) {
  const LossRow* loss = At(s.lost, number.sequence);
  if (loss == nullptr) return Status::Ok();
  if (parked) {
    changes_.owed_over.push_back(number);
  } else {
    ++changes_.loss_filled[{number.key, loss->range.first}];
  }
  return Status::Ok();
}

// A number at or below the watermark has come; it may have been declared lost.
Status Store::NoteFilled(const StreamKey& key, uint64_t number) {
  auto losses = tables_.Losses(key);
  if (!losses.ok()) return std::move(losses).status();
  const LossRow* loss = At(*losses, number);
  if (loss != nullptr && !loss->IsFilled()) ++changes_.loss_filled[{key, loss->range.first}];
  return Status::Ok();
}

// No row at or below the watermark: a lost number that comes after all is applied by its id; what
// was deleted by age has been seen; anything else is another history.
Result<Outcome> Store::AfterLoss(const Arrived& e) {
  auto losses = tables_.Losses(e.key);
  if (!losses.ok()) return std::move(losses).status();
  if (const LossRow* loss = At(*losses, e.sequence); loss != nullptr) {
    auto known = HasCounted(e.id);
    if (!known.ok()) return std::move(known).status();
    const bool here = !e.parked && e.unapplied.empty();
    const bool doubtful = here && !*known && MayHaveCounted(e.key.store, e.recorded_at);
    if (*known) Duplicate({e.key, e.sequence}, e.id);
    if (doubtful) Doubt(RowOf(e));
    const bool counts = here && !*known && !doubtful;
    TRY(Insert(e, counts));
    if (counts) TRY(Post(e.posting, e.id));
    if (e.parked) return Outcome::kParked;
    ++changes_.loss_filled[{e.key, loss->range.first}];
    return Outcome::kFilled;
  }
  Duplicate({e.key, e.sequence}, e.id);
  if (head_.purged > 0) return Outcome::kDuplicate;
  Diverge(e);
  return Outcome::kFork;
}

}  // namespace tillrelay::collector
