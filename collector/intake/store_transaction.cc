// How a transaction of the store reads ahead, holds its changes back and writes them: store.h.
#include "collector/intake/store.h"
#include "common/event/time_text.h"

namespace tillrelay::collector {

Result<std::unique_ptr<Store>> Store::Open(const std::string& url) {
  auto sql = OpenWriter(url);
  if (!sql.ok()) return std::move(sql).status();
  return std::unique_ptr<Store>(new Store(*std::move(sql)));
}

Status Store::Begin(std::string now, std::span<const Arrived> batch) {
  ++transaction_;
  changes_ = {};
  changes_.now = std::move(now);
  Wanted wanted;
  std::set<StreamKey> streams;
  for (const Arrived& e : batch) {
    streams.insert(e.key);
    wanted.ids.push_back(e.id);
    Ledger::Prefetch(e.posting, &wanted);
  }
  std::erase_if(wanted.cells, [this](const CellKey& cell) { return ledger_.Knows(cell); });
  for (const StreamKey& key : streams) {
    // Where nobody else writes, what is remembered is what the table says.
    if (sql_->shared() || !states_.contains(key)) wanted.streams.push_back(key);
  }
  auto found = tables_.Begin(wanted, &head_);
  if (!found.ok()) return std::move(found).status();
  if (hash_ != head_.hash) ledger_.Clear();  // somebody else has written
  position_ = head_.position;
  hash_ = head_.hash;
  if (forgotten_at_ != head_.purged) {
    auto forgotten = tables_.ReadForgotten();
    if (!forgotten.ok()) return std::move(forgotten).status();
    forgotten_ = *std::move(forgotten);
    forgotten_at_ = head_.purged;
  }
  for (const std::string& id : wanted.ids) {
    ids_[id] = found->counted.contains(id) || found->reserved.contains(id);
  }
  ledger_.SetRules(RulesOf(changes_.now));
  ledger_.Load(wanted, *found);
  for (const StreamRow& row : found->streams) TRY(Adopt(row));
  return batch.empty() ? Status::Ok() : ReadNeeded(batch);
}

// Rows that the rules will ask for: what lies at or below the watermark, or on an island.
Status Store::ReadNeeded(std::span<const Arrived> batch) {
  std::vector<NumberKey> numbers;
  for (const Arrived& e : batch) {
    const auto state = states_.find(e.key);
    if (state == states_.end() || e.sequence > state->second.seen.highest()) continue;
    numbers.push_back({e.key, e.sequence});
  }
  return numbers.empty() ? Status::Ok() : ReadRows(numbers);
}

Status Store::ReadRows(const std::vector<NumberKey>& numbers) {
  auto events = tables_.Events(numbers);
  if (!events.ok()) return std::move(events).status();
  for (const NumberKey& number : numbers) rows_.try_emplace(number);
  for (EventRow& e : *events) {
    const NumberKey number{e.key, e.sequence};
    rows_[number] = std::move(e);
  }
  return Status::Ok();
}

Result<const EventRow*> Store::Row(const NumberKey& number) {
  if (const auto fresh = fresh_.find(number); fresh != fresh_.end()) {
    return &changes_.events[fresh->second];
  }
  if (!rows_.contains(number)) TRY(ReadRows({number}));
  const std::optional<EventRow>& row = rows_[number];
  return row ? &*row : nullptr;
}

Result<bool> Store::HasCounted(const std::string& id) {
  if (const auto known = ids_.find(id); known != ids_.end()) return known->second;
  Wanted wanted;
  wanted.ids.push_back(id);
  auto found = tables_.Read(wanted);
  if (!found.ok()) return std::move(found).status();
  return ids_[id] = !found->counted.empty() || !found->reserved.empty();
}

bool Store::MayHaveCounted(const std::string& store, const std::string& recorded_at) const {
  const auto ranges = forgotten_.find(store);
  if (ranges == forgotten_.end()) return false;
  const auto at = event::ParseUtc(recorded_at), now = event::ParseUtc(changes_.now);
  if (!at.ok() || !now.ok()) return true;
  return MayBePurged(ranges->second, *at, *now);
}

void Store::Doubt(const EventRow& row) {
  changes_.doubtful.push_back({{row.key, row.sequence}, row.id, row.kind, row.recorded_at});
}

// The state of a stream whose row has been read; what is remembered is kept if it is that row.
Status Store::Adopt(const StreamRow& row) {
  auto [found, fresh] = states_.try_emplace(row.key);
  StreamState& state = found->second;
  state.read_in = transaction_;
  if (!fresh && state.row.revision == row.revision && state.through() == row.through) {
    return Status::Ok();
  }
  state = StreamState{};
  state.read_in = transaction_;
  state.row = row;
  state.seen = wire::SequenceTracker(row.through, kMaxIslands);
  TRY(LoadLost(&state));
  return row.highest_seen > row.through ? LoadOutOfOrder(&state) : Status::Ok();
}

Status Store::LoadOutOfOrder(StreamState* state) {
  auto numbers = tables_.Islands(state->row.key, state->through());
  if (!numbers.ok()) return std::move(numbers).status();
  // A number next to the watermark would advance it: such a row waits for its hole to be asked for.
  for (const uint64_t n : *numbers) {
    if (n > state->through() + 1) state->seen.Add(n);
  }
  return Status::Ok();
}

Result<StreamState*> Store::Get(const StreamKey& key, bool* fresh) {
  if (fresh != nullptr) *fresh = false;
  const auto known = states_.find(key);
  if (known != states_.end() && (!sql_->shared() || known->second.read_in == transaction_)) {
    touched_.insert(&known->second);
    return &known->second;
  }
  Wanted wanted;
  wanted.streams.push_back(key);
  auto found = tables_.Read(wanted);
  if (!found.ok()) return std::move(found).status();
  StreamState& state = states_[key];
  touched_.insert(&state);
  if (!found->streams.empty()) {
    TRY(Adopt(found->streams.front()));
    return &state;
  }
  state = StreamState{};
  state.read_in = transaction_;
  state.row.key = key;
  state.row.chain = wire::FirstChain(key.store, key.stream);
  state.row.opened_at = changes_.now;
  state.dirty = true;
  if (fresh != nullptr) *fresh = true;
  return &state;
}

// Writes what is held back. Called before the `last` time if the rules need to read it.
Status Store::Flush(bool last) {
  ledger_.Flush(&changes_);
  for (StreamState* state : touched_) {
    if (!state->dirty) continue;
    if (!state->bumped) ++state->row.revision;
    state->bumped = true;
    state->dirty = false;
    state->row.through = state->through();
    changes_.streams[state->row.key] = state->row;
  }
  held_counts_ += changes_.held.size();
  TRY(tables_.Write(changes_, position_));
  if (!last) {
    for (const auto& [number, index] : fresh_) rows_[number] = std::move(changes_.events[index]);
  }
  fresh_.clear();
  std::string now = std::move(changes_.now);
  changes_ = {};
  changes_.now = std::move(now);
  return Status::Ok();
}

Status Store::Commit() {
  TRY(DeclareCounted());
  TRY(Flush(true));
  if (position_ > head_.position) TRY(sql_->Announce(position_));
  TRY(tables_.Commit());
  for (StreamState* state : touched_) state->bumped = false;
  touched_.clear();
  ids_.clear();
  rows_.clear();
  kept_.clear();
  sql_->shared() ? ledger_.Clear() : ledger_.Keep();
  return Status::Ok();
}

Result<bool> Store::ApplyKeptAlone(const UnappliedRow& kept, const std::string& time,
                                   std::string now) {
  TRY(Begin(std::move(now)));
  auto applied = ApplyKept(kept, time);
  Status done = applied.status();
  if (done.ok()) done = Commit();
  if (done.ok()) return *applied;
  if (!IsDataError(done)) return done;
  Rollback();
  return false;
}

void Store::Rollback() {
  sql_->Rollback();
  changes_ = {};
  ids_.clear();
  rows_.clear();
  fresh_.clear();
  declared_.clear();
  kept_.clear();
  touched_.clear();
  states_.clear();
  ledger_.Clear();
}

Status Store::Reopen() {
  Rollback();
  return sql_->Reopen();
}

Result<const StreamState*> Store::Find(const StreamKey& key) {
  if (const auto found = states_.find(key); found != states_.end()) return &found->second;
  Wanted wanted;
  wanted.streams.push_back(key);
  auto found = tables_.Read(wanted);
  if (!found.ok()) return std::move(found).status();
  if (found->streams.empty()) return nullptr;
  TRY(Adopt(found->streams.front()));
  return &states_[key];
}

Result<std::vector<StreamKey>> Store::RefreshOpen(std::vector<StreamKey> also) {
  auto rows = tables_.OpenStreams();
  if (!rows.ok()) return std::move(rows).status();
  Wanted wanted;
  wanted.streams = also;
  auto found = tables_.Read(wanted);
  if (!found.ok()) return std::move(found).status();
  for (const StreamRow& row : found->streams) TRY(Adopt(row));
  for (const StreamRow& row : *rows) {
    TRY(Adopt(row));
    also.push_back(row.key);
  }
  return also;
}

}  // namespace tillrelay::collector
