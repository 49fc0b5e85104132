// What happens to one event, straight down: store.h.
#include "collector/store.h"

#include <algorithm>

#include "common/base/json_writer.h"
#include "common/base/text.h"

namespace tillrelay::collector {
namespace {

constexpr const char* kParked = "parked";
constexpr uint64_t kIslandsAtOnce = 200;  // bodies read together, each up to the largest event
constexpr size_t kMaxShownKind = 128;

}  // namespace

Result<bool> Store::MayOpen(const StreamKey& key) {
  if (states_.contains(key)) return true;
  Wanted wanted;
  wanted.streams.push_back(key);
  auto found = tables_.Read(wanted);
  if (!found.ok()) return std::move(found).status();
  if (!found->streams.empty()) return true;
  auto count = tables_.StreamCount(key.store);
  if (!count.ok()) return std::move(count).status();
  return *count < kMaxStreams;
}

Result<bool> Store::EnsureStream(const StreamKey& key) {
  bool fresh = false;
  auto stream = Get(key, &fresh);
  if (!stream.ok()) return std::move(stream).status();
  return fresh;
}

Status Store::NoteRefused(const StreamKey& key, uint64_t sequence) {
  auto stream = Get(key);
  if (!stream.ok()) return std::move(stream).status();
  StreamState& s = **stream;
  // What could not be verified may name any number; only a near one is believed to exist.
  if (sequence <= s.row.highest_seen || sequence > s.through() + kMaxIslands) return Status::Ok();
  s.row.highest_seen = sequence;
  s.dirty = true;
  return Status::Ok();
}

Result<Outcome> Store::Apply(const Arrived& e) {
  auto outcome = ApplyOne(e);
  if (!outcome.ok() || declared_.empty()) return outcome;
  TRY(DeclarePending(e.key.store));
  return outcome;
}

Result<Outcome> Store::ApplyOne(const Arrived& e) {
  auto stream = Get(e.key);
  if (!stream.ok()) return std::move(stream).status();
  StreamState& s = **stream;
  if (e.sequence > s.row.highest_seen) {
    s.row.highest_seen = e.sequence;
    s.dirty = true;
  }
  if (!e.unapplied.empty()) {
    auto room = HasRoom(e);
    if (!room.ok()) return std::move(room).status();
    if (!*room) return Outcome::kNoRoom;
  }
  if (e.sequence <= s.through()) return AtOrBelow(&s, e);
  if (e.sequence > s.through() + 1) return Above(&s, e);
  if (e.previous == s.row.chain || s.row.chain == kUnknownChain) return Next(&s, e);
  Aside(e);
  return Outcome::kFork;
}

// The same event once more, the body of one that is owed or was lost, or another history.
Result<Outcome> Store::AtOrBelow(StreamState*, const Arrived& e) {
  auto row = Row({e.key, e.sequence});
  if (!row.ok()) return std::move(row).status();
  if (*row == nullptr) return AfterLoss(e);
  if ((*row)->chain != e.chain) {
    Aside(e);
    return Outcome::kFork;
  }
  if ((*row)->kind == kParked && !e.parked) return Fill(e);
  Duplicate({e.key, e.sequence}, e.id);
  return Outcome::kDuplicate;
}

Result<Outcome> Store::Next(StreamState* s, const Arrived& e) {
  bool counts = !e.parked && e.unapplied.empty();
  if (counts) {
    auto known = HasCounted(e.id);
    if (!known.ok()) return std::move(known).status();
    counts = !*known;
    if (*known) Duplicate({e.key, e.sequence}, e.id);
  }
  TRY(Insert(e, counts));
  if (counts) TRY(Post(e.posting));
  if (e.sequence == 1) s->row.reason = e.kind == "stream_opened" ? e.opened_reason : "first";
  s->row.chain = e.chain;
  s->dirty = true;
  s->seen.Add(e.sequence);
  TRY(Absorb(s, e.sequence + 1, s->through()));
  if (!e.unapplied.empty()) return Outcome::kUnapplied;
  return e.parked ? Outcome::kParked : Outcome::kCounted;
}

Result<Outcome> Store::Above(StreamState* s, const Arrived& e) {
  switch (s->seen.Add(e.sequence)) {
    case wire::SequenceTracker::Seen::kRefused:
      return Outcome::kDropped;
    case wire::SequenceTracker::Seen::kAgain:
      return SecondIsland(e);
    default:
      break;
  }
  TRY(Insert(e, false));
  s->dirty = true;
  return e.unapplied.empty() ? Outcome::kIsland : Outcome::kUnapplied;
}

// An island that is there already, or another event for its number: the younger one takes the
// place, the older one is kept aside.
Result<Outcome> Store::SecondIsland(const Arrived& e) {
  auto held = Row({e.key, e.sequence});
  if (!held.ok()) return std::move(held).status();
  if (*held == nullptr) return Corrupt("an island has no row");
  if ((*held)->chain == e.chain) {
    Duplicate({e.key, e.sequence}, e.id);
    return Outcome::kDuplicate;
  }
  const EventRow older = **held;
  TRY(PutAside(older));
  TRY(Insert(e, false));
  return Outcome::kFork;
}

// The body of a parked event: applied now, by its id.
Result<Outcome> Store::Fill(const Arrived& e) {
  auto known = HasCounted(e.id);
  if (!known.ok()) return std::move(known).status();
  TRY(Flush());  // the row may still be waiting to be written
  EventRow row = RowOf(e);
  if (!e.unapplied.empty()) {
    Keep(e);
  } else if (*known) {
    Duplicate({e.key, e.sequence}, e.id);
  } else {
    row.position = ++position_;
    ids_[e.id] = true;
    TRY(Post(e.posting));
  }
  changes_.owed_over.push_back({e.key, e.sequence});
  rows_[{e.key, e.sequence}] = row;
  changes_.filled.push_back(std::move(row));
  return Outcome::kFilled;
}

// No row at or below the watermark: a lost number that comes after all is applied by its id; what
// was deleted by age has been seen; anything else is another history.
Result<Outcome> Store::AfterLoss(const Arrived& e) {
  auto losses = tables_.Losses(e.key);
  if (!losses.ok()) return std::move(losses).status();
  for (const LossRow& loss : *losses) {
    if (e.sequence < loss.range.first || e.sequence > loss.range.last) continue;
    auto known = HasCounted(e.id);
    if (!known.ok()) return std::move(known).status();
    const bool counts = !*known && !e.parked && e.unapplied.empty();
    if (*known) Duplicate({e.key, e.sequence}, e.id);
    TRY(Insert(e, counts));
    if (counts) TRY(Post(e.posting));
    ++changes_.loss_filled[{e.key, loss.range.first}];
    return e.parked ? Outcome::kParked : Outcome::kFilled;
  }
  Duplicate({e.key, e.sequence}, e.id);
  if (head_.purged > 0) return Outcome::kDuplicate;
  Aside(e);
  return Outcome::kFork;
}

// The hole below these islands is closed: they count now, in number order.
Status Store::Absorb(StreamState* s, uint64_t first, uint64_t last) {
  std::vector<NumberKey> read;
  for (uint64_t n = first; n <= last; ++n) {
    if ((n - first) % kIslandsAtOnce == 0) {
      for (const NumberKey& number : read) rows_.erase(number);
      read.clear();
      for (uint64_t m = n; m <= std::min(last, n + kIslandsAtOnce - 1); ++m) {
        const NumberKey number{s->row.key, m};
        if (!fresh_.contains(number) && !rows_.contains(number)) read.push_back(number);
      }
      if (!read.empty()) TRY(ReadRows(read));
    }
    auto fits = AbsorbOne(s, {s->row.key, n});
    if (!fits.ok()) return std::move(fits).status();
    if (*fits) continue;
    s->seen = wire::SequenceTracker(n - 1, kMaxIslands);
    TRY(Flush());
    return LoadIslands(s);
  }
  return Status::Ok();
}

// False: it does not follow what counted before it and has been put aside.
Result<bool> Store::AbsorbOne(StreamState* s, const NumberKey& number) {
  auto row = Row(number);
  if (!row.ok()) return std::move(row).status();
  if (*row == nullptr) return Corrupt("an island has no row");
  const EventRow held = **row;
  Uuid id{};
  if (!ParseUuid(held.id, &id)) return Corrupt("an island has no id");
  Sha256Digest digest = Sha256(held.body);
  const bool parked = held.kind == kParked;
  if (parked) {
    auto owed = tables_.Owed(number.key);
    if (!owed.ok()) return std::move(owed).status();
    const auto here = changes_.owed.find(number);
    const OwedRow& told = here != changes_.owed.end() ? here->second : (*owed)[number.sequence];
    FromHex(told.data_hash, digest.data(), digest.size());
  } else if (held.kind == kUnappliedKind) {
    std::string body = held.body;
    auto told = parser_.Parse(body);
    if (told.ok()) FromHex(told->String("datahash"), digest.data(), digest.size());
  }
  const wire::Chain& before = s->row.chain;
  if (before != kUnknownChain &&
      wire::NextChain(before, number.sequence, id, digest) != held.chain) {
    TRY(PutAside(held));
    return false;
  }
  s->row.chain = held.chain;
  s->dirty = true;
  if (parked || held.kind == kUnappliedKind) return true;
  TRY(CountIsland(held));
  return true;
}

// Once, by its id.
Status Store::CountIsland(const EventRow& held) {
  const NumberKey number{held.key, held.sequence};
  auto known = HasCounted(held.id);
  if (!known.ok()) return std::move(known).status();
  if (*known) {
    Duplicate(number, held.id);
    return Status::Ok();
  }
  ids_[held.id] = true;
  ++position_;
  if (const auto fresh = fresh_.find(number); fresh != fresh_.end()) {
    changes_.events[fresh->second].position = position_;
  } else {
    changes_.counted[number] = position_;
    rows_[number]->position = position_;
  }
  std::string body = held.body;
  auto data = parser_.Parse(body);
  if (!data.ok()) return Corrupt("the body of an island");
  const Posting posting = ReadPosting({held.key.store, held.kind, held.occurred_at}, *data);
  if (auto loss = ReadDeclared(held.kind, *data)) declared_.push_back(*std::move(loss));
  return Post(posting);
}

// Numbers that an agent says are gone: the watermark jumps them, what lies on islands among them
// counts by its id. A range behind a hole, or that is not missing here, changes nothing.
Result<bool> Store::DeclareLost(const std::string& store, const Declared& loss) {
  const StreamKey key{store, loss.stream};
  auto stream = Get(key);
  if (!stream.ok()) return std::move(stream).status();
  StreamState& s = **stream;
  if (loss.range.last <= s.through()) {
    auto owed = tables_.Owed(key);
    if (!owed.ok()) return std::move(owed).status();
    bool any = false;
    for (const auto& [number, row] : *owed) {
      if (number < loss.range.first || number > loss.range.last) continue;
      changes_.owed_over.push_back({key, number});
      changes_.losses.push_back({key, {{number, number}, loss.reason}});
      any = true;
    }
    return any;
  }
  if (loss.range.first > s.through() + 1) return false;
  const wire::Range range{s.through() + 1, loss.range.last};
  TRY(Flush());
  auto held = CountIslandsWithin(&s, range);
  if (!held.ok()) return std::move(held).status();
  changes_.losses.push_back({key, {range, loss.reason}});
  if (*held > 0) changes_.loss_filled[{key, range.first}] = *held;
  s.row.chain = loss.chain;
  s.row.highest_seen = std::max(s.row.highest_seen, range.last);
  s.dirty = true;
  s.seen.Jump(range.last);
  TRY(Absorb(&s, range.last + 1, s.through()));
  return true;
}

Result<uint64_t> Store::CountIslandsWithin(StreamState* s, const wire::Range& range) {
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
    const EventRow island = **row;
    if (island.kind != kParked && island.kind != kUnappliedKind) TRY(CountIsland(island));
  }
  return held.size();
}

Status Store::DeclarePending(const std::string& store) {
  const std::vector<Declared> declared = std::exchange(declared_, {});
  for (const Declared& loss : declared) {
    auto jumped = DeclareLost(store, loss);
    if (!jumped.ok()) return std::move(jumped).status();
  }
  return Status::Ok();
}

Status Store::PutIslandsAside(const StreamKey& key, uint64_t from) {
  auto stream = Get(key);
  if (!stream.ok()) return std::move(stream).status();
  auto numbers = tables_.Islands(key, std::max((*stream)->through(), from - 1));
  if (!numbers.ok()) return std::move(numbers).status();
  std::vector<NumberKey> held;
  for (const uint64_t n : *numbers) held.push_back({key, n});
  TRY(ReadRows(held));
  for (const NumberKey& number : held) {
    auto row = Row(number);
    if (!row.ok()) return std::move(row).status();
    const EventRow island = **row;
    TRY(PutAside(island));
  }
  StreamState& s = **stream;
  s.row.highest_seen = std::max(s.through(), std::min(s.row.highest_seen, from - 1));
  s.seen = wire::SequenceTracker(s.through(), kMaxIslands);
  s.dirty = true;
  TRY(Flush());
  return LoadIslands(&s);
}

Status Store::PutAside(const EventRow& held) {
  const NumberKey number{held.key, held.sequence};
  if (fresh_.contains(number)) TRY(Flush());
  changes_.forks.push_back(held);
  changes_.dropped.push_back(number);
  rows_[number] = std::nullopt;
  if (held.kind == kParked) changes_.owed_over.push_back(number);
  return Status::Ok();
}

// Its number belongs to another event; the row carries the stream's name and its own chain.
Result<uint64_t> Store::Rescue(const std::string& before) {
  auto forgotten = tables_.Forgotten(before);
  if (!forgotten.ok()) return std::move(forgotten).status();
  uint64_t rescued = 0;
  for (EventRow& row : *forgotten) {
    auto known = HasCounted(row.id);
    if (!known.ok()) return std::move(known).status();
    std::string body = row.body;
    auto data = parser_.Parse(body);
    if (*known || !data.ok()) continue;
    row.key.stream += "/aside-" + ToHex(BytesOf(row.chain)).substr(0, 8);
    row.stored_at = changes_.now;
    row.position = ++position_;
    ids_[row.id] = true;
    TRY(Post(ReadPosting({row.key.store, row.kind, row.occurred_at}, *data)));
    changes_.events.push_back(std::move(row));
    ++rescued;
  }
  return rescued;
}

void Store::Aside(const Arrived& e) {
  changes_.forks.push_back(RowOf(e));
  if (!e.unapplied.empty()) Keep(e);
}

// Also for one that is kept already.
Result<bool> Store::HasRoom(const Arrived& e) {
  auto held = Row({e.key, e.sequence});
  if (!held.ok()) return std::move(held).status();
  if (*held != nullptr && (*held)->chain == e.chain && (*held)->kind == kUnappliedKind) return true;
  auto [kept, fresh] = kept_.try_emplace(e.key.store);
  if (fresh) {
    auto read = tables_.UnappliedOf(e.key.store);
    if (!read.ok()) return std::move(read).status();
    kept->second = *read;
  }
  return kept->second.events < kMaxUnappliedEvents &&
         kept->second.bytes + e.raw.size() <= kMaxUnappliedBytes;
}

// Whole, beside its row, and its id with it: what comes under that id elsewhere has no effect.
void Store::Keep(const Arrived& e) {
  UnappliedRow row;
  row.number = {e.key, e.sequence};
  row.chain = e.chain;
  row.id = e.id;
  row.kind = Printable(e.kind, kMaxShownKind);
  row.reason = e.unapplied;
  row.raw = e.raw;
  Tables::Kept& kept = kept_[e.key.store];
  ++kept.events;
  kept.bytes += row.raw.size();
  ids_[e.id] = true;
  changes_.unapplied.push_back(std::move(row));
}

// The event as it came, read again by this program.
Result<bool> Store::ApplyKept(const UnappliedRow& kept, const std::string& time) {
  std::string raw = kept.raw;
  auto value = kept_parser_.Parse(raw);
  if (!value.ok()) return false;
  auto e = ReadArrived(*value, time);
  if (!e.ok() || !e->unapplied.empty() || !e->intact) return false;
  Wanted wanted;
  wanted.ids.push_back(kept.id);
  auto found = tables_.Read(wanted);
  if (!found.ok()) return std::move(found).status();
  auto held = Row(kept.number);
  if (!held.ok()) return std::move(held).status();
  const bool in_place = *held != nullptr && (*held)->chain == kept.chain;
  auto stream = Get(kept.number.key);
  if (!stream.ok()) return std::move(stream).status();
  if (in_place && kept.number.sequence > (*stream)->through()) return false;  // its turn comes
  changes_.applied.push_back(kept);
  EventRow row = RowOf(*e);
  if (!found->counted.empty()) {
    Duplicate(kept.number, kept.id);
  } else {
    row.position = ++position_;
    ids_[kept.id] = true;
    if (e->loss) declared_.push_back(*e->loss);
    TRY(Post(e->posting));
  }
  if (in_place) {
    rows_[kept.number] = row;
    changes_.filled.push_back(std::move(row));
  } else if (row.position > 0) {
    row.key.stream += "/aside-" + ToHex(BytesOf(row.chain)).substr(0, 8);
    changes_.events.push_back(std::move(row));
  }
  TRY(DeclarePending(kept.number.key.store));
  return true;
}

void Store::Duplicate(const NumberKey& number, const std::string& id) {
  ++changes_.duplicates[{number, id}];
}

EventRow Store::RowOf(const Arrived& e) const {
  EventRow row;
  row.key = e.key;
  row.sequence = e.sequence;
  row.id = e.id;
  row.kind = e.kind;
  row.occurred_at = e.time;
  row.recorded_at = e.recorded_at;
  row.stored_at = changes_.now;
  row.chain = e.chain;
  row.body = e.data;
  if (e.unapplied.empty()) return row;
  row.kind = kUnappliedKind;
  row.body.clear();
  JsonWriter json(&row.body);
  json.BeginObject().Field("reason", e.unapplied);
  json.Field("datahash", ToHex(BytesOf(e.data_digest))).EndObject();
  return row;
}

Status Store::Insert(const Arrived& e, bool counted) {
  const NumberKey number{e.key, e.sequence};
  EventRow row = RowOf(e);
  if (counted) {
    row.position = ++position_;
    ids_[e.id] = true;
    if (e.loss) declared_.push_back(*e.loss);
  }
  if (e.parked) changes_.owed[number] = *e.parked;
  if (!e.unapplied.empty()) Keep(e);
  rows_.erase(number);
  fresh_[number] = changes_.events.size();
  changes_.events.push_back(std::move(row));
  return Status::Ok();
}

}  // namespace tillrelay::collector
