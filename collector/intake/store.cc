// What happens to one event, straight down: store.h.
#include "collector/intake/store.h"

#include <algorithm>

#include "common/base/json_writer.h"
#include "common/base/text.h"

namespace tillrelay::collector {
namespace {

constexpr const char* kParked = "parked";
constexpr uint64_t kIslandsAtOnce = 200;  // bodies read together, each up to the largest event

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
  if (outcome.ok()) TRY(DeclareCounted());
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
  Diverge(e);
  return Outcome::kFork;
}

// The same event once more, the body of one that is owed or was lost, or another history.
Result<Outcome> Store::AtOrBelow(StreamState*, const Arrived& e) {
  auto row = Row({e.key, e.sequence});
  if (!row.ok()) return std::move(row).status();
  if (*row == nullptr) return AfterLoss(e);
  if ((*row)->chain != e.chain) {
    Diverge(e);
    return Outcome::kFork;
  }
  if ((*row)->kind == kParked && !e.parked) return Fill(e);
  Duplicate({e.key, e.sequence}, e.id);
  return Outcome::kDuplicate;
}

Result<Outcome> Store::Next(StreamState* s, const Arrived& e) {
  bool counts = !e.parked && e.unapplied.empty(), doubtful = false;
  if (counts) {
    auto known = HasCounted(e.id);
    if (!known.ok()) return std::move(known).status();
    doubtful = !*known && MayHaveCounted(e.key.store, e.recorded_at);
    counts = !*known && !doubtful;
    if (*known) Duplicate({e.key, e.sequence}, e.id);
    if (doubtful) Doubt(RowOf(e));
  }
  TRY(Insert(e, counts));
  if (counts) TRY(Post(e.posting, e.id));
  if (e.sequence == 1) s->row.reason = e.kind == "stream_opened" ? e.opened_reason : "first";
  s->row.chain = e.chain;
  s->dirty = true;
  s->seen.Add(e.sequence);
  TRY(Absorb(s, e.sequence + 1, s->through()));
  TRY(JumpLost(s));
  if (doubtful) return Outcome::kDoubtful;
  if (!e.unapplied.empty()) return Outcome::kUnapplied;
  return e.parked ? Outcome::kParked : Outcome::kCounted;
}

Result<Outcome> Store::Above(StreamState* s, const Arrived& e) {
  switch (s->seen.Add(e.sequence)) {
    case wire::SequenceTracker::Arrival::kRefused:
      return Outcome::kDropped;
    case wire::SequenceTracker::Arrival::kAgain:
      return OutOfOrderAgain(e);
    default:
      break;
  }
  TRY(Insert(e, false));
  s->dirty = true;
  return e.unapplied.empty() ? Outcome::kIsland : Outcome::kUnapplied;
}

// An island that is there already, or another event for its number: the younger one takes the
// place, the older one is kept aside.
Result<Outcome> Store::OutOfOrderAgain(const Arrived& e) {
  auto held = Row({e.key, e.sequence});
  if (!held.ok()) return std::move(held).status();
  if (*held == nullptr) return Corrupt("an island has no row");
  if ((*held)->chain == e.chain) {
    Duplicate({e.key, e.sequence}, e.id);
    return Outcome::kDuplicate;
  }
  const EventRow older = **held;
  TRY(DivergeHeld(older));
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
  } else if (MayHaveCounted(e.key.store, e.recorded_at)) {
    Doubt(row);
  } else {
    row.position = ++position_;
    ids_[e.id] = true;
    TRY(Post(e.posting, e.id));
  }
  changes_.owed_over.push_back({e.key, e.sequence});
  TRY(NoteFilled(e.key, e.sequence));
  rows_[{e.key, e.sequence}] = row;
  changes_.filled.push_back(std::move(row));
  return Outcome::kFilled;
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
    return LoadOutOfOrder(s);
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
    const OwedRow& reported = here != changes_.owed.end() ? here->second : (*owed)[number.sequence];
    FromHex(reported.data_hash, digest.data(), digest.size());
  } else if (held.kind == kUnappliedKind) {
    std::string body = held.body;
    auto reported = parser_.Parse(body);
    if (reported.ok()) FromHex(reported->String("datahash"), digest.data(), digest.size());
  }
  const wire::Chain& before = s->row.chain;
  if (before != kUnknownChain &&
      wire::NextChain(before, number.sequence, id, digest) != held.chain) {
    TRY(DivergeHeld(held));
    return false;
  }
  s->row.chain = held.chain;
  s->dirty = true;
  const bool without_effect = parked || held.kind == kUnappliedKind;
  TRY(CountIfLost(*s, number, parked));
  if (!without_effect) TRY(CountOutOfOrder(held));
  return true;
}

// Once, by its id.
Status Store::CountOutOfOrder(const EventRow& held) {
  const NumberKey number{held.key, held.sequence};
  auto known = HasCounted(held.id);
  if (!known.ok()) return std::move(known).status();
  if (*known) {
    Duplicate(number, held.id);
    return Status::Ok();
  }
  if (MayHaveCounted(held.key.store, held.recorded_at)) {
    Doubt(held);
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
  if (auto loss = ReadDeclared(held.kind, *data)) {
    declared_.emplace_back(held.key.store, *std::move(loss));
  }
  return Post(posting, held.id);
}

Status Store::DivergeOutOfOrder(const StreamKey& key, uint64_t from) {
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
    const EventRow out_of_order = **row;
    TRY(DivergeHeld(out_of_order));
  }
  StreamState& s = **stream;
  s.row.highest_seen = std::max(s.through(), std::min(s.row.highest_seen, from - 1));
  s.seen = wire::SequenceTracker(s.through(), kMaxIslands);
  s.dirty = true;
  TRY(Flush());
  return LoadOutOfOrder(&s);
}

Status Store::DivergeHeld(const EventRow& held) {
  const NumberKey number{held.key, held.sequence};
  if (fresh_.contains(number)) TRY(Flush());
  changes_.diverged.push_back(held);
  changes_.dropped.push_back(number);
  rows_[number] = std::nullopt;
  if (held.kind == kParked) changes_.owed_over.push_back(number);
  return Status::Ok();
}

// Its number belongs to another event; the row carries the stream's name and its own chain.
Result<uint64_t> Store::ApplyDiverged(const std::string& before) {
  auto forgotten = tables_.UnappliedDiverged(before);
  if (!forgotten.ok()) return std::move(forgotten).status();
  uint64_t rescued = 0;
  for (EventRow& row : *forgotten) {
    auto known = HasCounted(row.id);
    if (!known.ok()) return std::move(known).status();
    std::string body = row.body;
    auto data = parser_.Parse(body);
    if (*known || !data.ok() || MayHaveCounted(row.key.store, row.recorded_at)) continue;
    TRY(NoteFilled(row.key, row.sequence));
    row.key.stream += "/aside-" + ToHex(BytesOf(row.chain)).substr(0, 8);
    row.stored_at = changes_.now;
    row.position = ++position_;
    ids_[row.id] = true;
    TRY(Post(ReadPosting({row.key.store, row.kind, row.occurred_at}, *data), row.id));
    changes_.events.push_back(std::move(row));
    ++rescued;
  }
  return rescued;
}

void Store::Diverge(const Arrived& e) {
  changes_.diverged.push_back(RowOf(e));
  if (!e.unapplied.empty()) Keep(e);
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
    if (e.loss) declared_.emplace_back(e.key.store, *e.loss);
  }
  if (e.parked) changes_.owed[number] = *e.parked;
  if (!e.unapplied.empty()) Keep(e);
  rows_.erase(number);
  fresh_[number] = changes_.events.size();
  changes_.events.push_back(std::move(row));
  return Status::Ok();
}

}  // namespace tillrelay::collector
