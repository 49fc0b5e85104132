#include "collector/store.h"

#include <algorithm>

namespace tillrelay::collector {

Result<std::unique_ptr<Store>> Store::Open(std::string path) {
  std::unique_ptr<Store> store(new Store(std::move(path)));
  TRY(store->Attach());
  return store;
}

Status Store::Attach() {
  auto central = OpenCentral(path_);
  if (!central.ok()) return std::move(central).status();
  central_ = *std::move(central);
  const std::pair<sqlite::Statement*, const char*> wanted[] = {
      {&sql_.insert, "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
      {&sql_.find, "SELECT chain FROM event WHERE store_id = ? AND stream = ? AND sequence = ?"},
      {&sql_.held,
       "SELECT id, kind, occurred_at, recorded_at, chain, body FROM event"
       " WHERE store_id = ? AND stream = ? AND sequence = ?"},
      {&sql_.counted, "SELECT 1 FROM event WHERE id = ? AND counted = 1"},
      {&sql_.count,
       "UPDATE event SET counted = 1, position = ?"
       " WHERE store_id = ? AND stream = ? AND sequence = ?"},
      {&sql_.drop, "DELETE FROM event WHERE store_id = ? AND stream = ? AND sequence = ?"},
      {&sql_.duplicate,
       "INSERT INTO duplicate VALUES (?, ?, ?, ?, 1, ?)"
       " ON CONFLICT DO UPDATE SET seen = seen + 1, last_at = excluded.last_at"},
      {&sql_.fork, "INSERT OR IGNORE INTO fork VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
  };
  for (const auto& [target, text] : wanted) {
    auto statement = central_.db.Prepare(text);
    if (!statement.ok()) return std::move(statement).status();
    *target = *std::move(statement);
  }
  auto streams = Streams::Open(&central_.db);
  if (!streams.ok()) return std::move(streams).status();
  streams_.emplace(*std::move(streams));
  auto ledger = Ledger::Open(&central_.db);
  if (!ledger.ok()) return std::move(ledger).status();
  ledger_.emplace(*std::move(ledger));
  return Status::Ok();
}

Status Store::Begin(std::string now) {
  CHECK(!transaction_);
  now_ = std::move(now);
  transaction_.emplace(&central_.db);
  if (Status begun = transaction_->Begin(); !begun.ok()) {
    transaction_.reset();
    return begun;
  }
  auto last = central_.db.QueryInt(
      "SELECT COALESCE(MAX(position), 0) FROM event WHERE position IS NOT NULL");
  if (!last.ok()) return std::move(last).status();
  position_ = static_cast<uint64_t>(*last);
  return Status::Ok();
}

Status Store::Commit() {
  CHECK(transaction_);
  TRY(ledger_->Flush());
  TRY(streams_->Save());
  TRY(transaction_->Commit());
  transaction_.reset();
  return Status::Ok();
}

void Store::Rollback() {
  transaction_.reset();
  if (ledger_) ledger_->Forget();
  if (streams_) streams_->Forget();
}

// A connection that failed to sync is not trusted again: what it holds in memory may never have
// reached the disk.
Status Store::Reopen() {
  transaction_.reset();
  ledger_.reset();
  streams_.reset();
  sql_ = {};
  central_ = {};
  TRY(Attach());
  return central_.db.Checkpoint(true);
}

Result<bool> Store::EnsureStream(const StreamKey& key) {
  bool fresh = false;
  auto stream = streams_->Get(key, now_, &fresh);
  if (!stream.ok()) return std::move(stream).status();
  return fresh;
}

Status Store::NoteRefused(const StreamKey& key, uint64_t sequence) {
  auto stream = streams_->Get(key, now_);
  if (!stream.ok()) return std::move(stream).status();
  StreamState& s = **stream;
  // What could not be verified may name any number; only a near one is believed to exist.
  if (sequence <= s.highest_seen || sequence > s.through() + kMaxIslands) return Status::Ok();
  s.highest_seen = sequence;
  s.dirty = true;
  return Status::Ok();
}

Result<Outcome> Store::Apply(const wire::Envelope& e, JsonValue data) {
  const StreamKey key{std::string(e.store), std::string(e.stream)};
  auto stream = streams_->Get(key, now_);
  if (!stream.ok()) return std::move(stream).status();
  StreamState& s = **stream;
  if (e.sequence > s.highest_seen) {
    s.highest_seen = e.sequence;
    s.dirty = true;
  }
  if (e.sequence <= s.through()) return Again(e);
  if (e.sequence > s.through() + 1) return Above(key, &s, e);
  if (e.previous == s.chain) return Next(key, &s, e, data);
  TRY(Aside(e));
  return Outcome::kFork;
}

// At or below the watermark: the same event once more, or another one under its number.
Result<Outcome> Store::Again(const wire::Envelope& e) {
  auto row = sql_.find.BindText(1, e.store).BindText(2, e.stream).Bind(3, e.sequence).Step();
  if (!row.ok()) return std::move(row).status();
  const bool same = *row && sql_.find.Text(0) == ToHex(BytesOf(e.chain));
  sql_.find.Reset();
  if (same) {
    TRY(Duplicate(e));
    return Outcome::kDuplicate;
  }
  TRY(Aside(e));
  return Outcome::kFork;
}

Result<Outcome> Store::Next(const StreamKey& key, StreamState* stream, const wire::Envelope& e,
                            JsonValue data) {
  const std::string id = UuidText(e.id);
  auto known = HasCounted(id);
  if (!known.ok()) return std::move(known).status();
  TRY(Insert(e, id, !*known));
  TRY(*known ? Duplicate(e) : Post(e, data));
  if (e.sequence == 1) stream->reason = e.kind == "stream_opened" ? data.String("reason") : "first";
  stream->chain = e.chain;
  stream->dirty = true;
  stream->seen.Add(e.sequence);
  TRY(Absorb(key, stream, e.sequence + 1, stream->through()));
  return Outcome::kCounted;
}

Result<Outcome> Store::Above(const StreamKey& key, StreamState* stream, const wire::Envelope& e) {
  switch (stream->seen.Add(e.sequence)) {
    case wire::SequenceTracker::Seen::kRefused:
      return Outcome::kDropped;
    case wire::SequenceTracker::Seen::kAgain:
      return SecondIsland(key, e);
    default:
      break;
  }
  TRY(Insert(e, UuidText(e.id), false));
  return Outcome::kIsland;
}

// An island that is there already, or another event for its number: the younger one takes the
// place, the older one is kept aside.
Result<Outcome> Store::SecondIsland(const StreamKey& key, const wire::Envelope& e) {
  auto held = ReadHeld(key, e.sequence);
  if (!held.ok()) return std::move(held).status();
  if (held->chain == e.chain) {
    TRY(Duplicate(e));
    return Outcome::kDuplicate;
  }
  TRY(PutAside(key, *held));
  TRY(Insert(e, UuidText(e.id), false));
  return Outcome::kFork;
}

// The hole below these islands is closed: they count now, in number order.
Status Store::Absorb(const StreamKey& key, StreamState* stream, uint64_t first, uint64_t last) {
  for (uint64_t sequence = first; sequence <= last; ++sequence) {
    auto fits = AbsorbOne(key, stream, sequence);
    if (!fits.ok()) return std::move(fits).status();
    if (*fits) continue;
    stream->seen = wire::SequenceTracker(sequence - 1, kMaxIslands);
    return streams_->Reload(key, stream);
  }
  return Status::Ok();
}

// False: it does not follow what counted before it and has been put aside.
Result<bool> Store::AbsorbOne(const StreamKey& key, StreamState* stream, uint64_t sequence) {
  auto held = ReadHeld(key, sequence);
  if (!held.ok()) return std::move(held).status();
  const wire::Envelope e = held->View(key);
  if (wire::NextChain(stream->chain, sequence, e.id, Sha256(held->body)) != e.chain) {
    TRY(PutAside(key, *held));
    return false;
  }
  stream->chain = e.chain;
  auto known = HasCounted(held->id);
  if (!known.ok()) return std::move(known).status();
  if (*known) {
    TRY(Duplicate(e));
    return true;
  }
  auto& sql = sql_.count;
  sql.Bind(1, ++position_).BindText(2, key.store).BindText(3, key.stream).Bind(4, sequence);
  TRY(sql.Run());
  auto data = parser_->Parse(held->body);
  if (!data.ok()) return Corrupt("the body of an island");
  TRY(Post(e, *data));
  return true;
}

wire::Envelope Store::Held::View(const StreamKey& key) const {
  wire::Envelope e;
  e.id = uuid;
  e.store = key.store;
  e.stream = key.stream;
  e.sequence = sequence;
  e.chain = chain;
  e.kind = kind;
  e.time = time;
  e.recorded_at = recorded_at;
  e.data = body;
  return e;
}

Result<Store::Held> Store::ReadHeld(const StreamKey& key, uint64_t sequence) {
  auto& sql = sql_.held;
  auto row = sql.BindText(1, key.store).BindText(2, key.stream).Bind(3, sequence).Step();
  if (!row.ok()) return std::move(row).status();
  if (!*row) return Corrupt("an island has no row");
  Held held;
  held.id = sql.Text(0);
  held.kind = sql.Text(1);
  held.time = sql.Text(2);
  held.recorded_at = sql.Text(3);
  const bool good = ParseUuid(held.id, &held.uuid) && wire::ParseChain(sql.Text(4), &held.chain);
  held.body = sql.Text(5);
  sql.Reset();
  if (!good) return Corrupt("an island has no id or chain");
  held.sequence = sequence;
  return held;
}

Status Store::PutAside(const StreamKey& key, const Held& held) {
  const wire::Envelope e = held.View(key);
  TRY(Aside(e));
  return sql_.drop.BindText(1, e.store).BindText(2, e.stream).Bind(3, e.sequence).Run();
}

Result<bool> Store::HasCounted(std::string_view id) {
  auto row = sql_.counted.BindText(1, id).Step();
  sql_.counted.Reset();
  return row;
}

Status Store::Insert(const wire::Envelope& e, std::string_view id, bool counted) {
  const std::string chain = ToHex(BytesOf(e.chain));
  auto& sql = sql_.insert;
  if (counted) {
    sql.Bind(1, ++position_);
  } else {
    sql.BindNull(1);
  }
  sql.BindText(2, e.store).BindText(3, e.stream).Bind(4, e.sequence).BindText(5, id);
  sql.BindText(6, e.kind).BindText(7, e.time).BindText(8, e.recorded_at).BindText(9, now_);
  return sql.BindText(10, chain).Bind(11, counted ? 1 : 0).BindText(12, e.data).Run();
}

Status Store::Post(const wire::Envelope& e, JsonValue data) {
  return ledger_->Apply({e.store, e.kind, e.time, position_}, data);
}

Status Store::Duplicate(const wire::Envelope& e) {
  const std::string id = UuidText(e.id);
  auto& sql = sql_.duplicate;
  sql.BindText(1, e.store).BindText(2, e.stream).Bind(3, e.sequence).BindText(4, id);
  return sql.BindText(5, now_).Run();
}

Status Store::Aside(const wire::Envelope& e) {
  const std::string chain = ToHex(BytesOf(e.chain)), id = UuidText(e.id);
  auto& sql = sql_.fork;
  sql.BindText(1, e.store).BindText(2, e.stream).Bind(3, e.sequence).BindText(4, chain);
  sql.BindText(5, e.data).BindText(6, now_).BindText(7, id).BindText(8, e.kind);
  return sql.BindText(9, e.time).BindText(10, e.recorded_at).Run();
}

}  // namespace tillrelay::collector
