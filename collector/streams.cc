#include "collector/streams.h"

namespace tillrelay::collector {
namespace {

Status ReadChain(std::string_view text, wire::Chain* chain) {
  if (wire::ParseChain(text, chain)) return Status::Ok();
  return Corrupt("a row of the stream table has no chain");
}

}  // namespace

Result<Streams> Streams::Open(sqlite::Database* db) {
  Statements s;
  const std::pair<sqlite::Statement*, const char*> wanted[] = {
      {&s.load,
       "SELECT confirmed_through, chain, highest_seen, reason FROM stream"
       " WHERE store_id = ? AND stream = ?"},
      {&s.islands,
       "SELECT sequence FROM event WHERE store_id = ? AND stream = ? AND sequence > ?"
       " ORDER BY sequence"},
      {&s.insert, "INSERT INTO stream VALUES (?, ?, 0, ?, 0, ?, NULL)"},
      {&s.save,
       "UPDATE stream SET confirmed_through = ?, chain = ?, highest_seen = ?,"
       " reason = NULLIF(?, '') WHERE store_id = ? AND stream = ?"},
      {&s.confirmed,
       "SELECT stream, confirmed_through, chain FROM stream WHERE store_id = ?"
       " ORDER BY rowid DESC LIMIT ?"},
      {&s.all, "SELECT store_id, stream FROM stream ORDER BY rowid"},
  };
  for (const auto& [target, text] : wanted) {
    auto statement = db->Prepare(text);
    if (!statement.ok()) return std::move(statement).status();
    *target = *std::move(statement);
  }
  return Streams(std::move(s));
}

Result<StreamState*> Streams::Get(const StreamKey& key, const std::string& now, bool* fresh) {
  if (fresh != nullptr) *fresh = false;
  if (const auto found = states_.find(key); found != states_.end()) return &found->second;
  StreamState state;
  auto row = sql_.load.BindText(1, key.store).BindText(2, key.stream).Step();
  if (!row.ok()) return std::move(row).status();
  if (*row) {
    state.seen.Jump(sql_.load.Unsigned(0));
    const Status chain = ReadChain(sql_.load.Text(1), &state.chain);
    state.highest_seen = sql_.load.Unsigned(2);
    state.reason = sql_.load.Text(3);
    sql_.load.Reset();
    TRY(chain);
    TRY(LoadIslands(key, &state));
  } else {
    state.chain = wire::FirstChain(key.store, key.stream);
    const std::string chain = ToHex(BytesOf(state.chain));
    auto& sql = sql_.insert;
    sql.BindText(1, key.store).BindText(2, key.stream).BindText(3, chain).BindText(4, now);
    TRY(sql.Run());
    if (fresh != nullptr) *fresh = true;
  }
  return &states_.emplace(key, std::move(state)).first->second;
}

Status Streams::LoadIslands(const StreamKey& key, StreamState* state) {
  auto& sql = sql_.islands;
  sql.BindText(1, key.store).BindText(2, key.stream).Bind(3, state->through());
  // A number next to the watermark would advance it: such a row waits for its hole to be asked for.
  for (;;) {
    auto row = sql.Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) return Status::Ok();
    if (sql.Unsigned(0) > state->through() + 1) state->seen.Add(sql.Unsigned(0));
  }
}

Status Streams::Reload(const StreamKey& key, StreamState* state) {
  const uint64_t through = state->through();
  state->seen = wire::SequenceTracker(through, kMaxIslands);
  return LoadIslands(key, state);
}

Status Streams::Save() {
  for (auto& [key, state] : states_) {
    if (!state.dirty) continue;
    const std::string chain = ToHex(BytesOf(state.chain));
    TRY(sql_.save.Bind(1, state.through())
            .BindText(2, chain)
            .Bind(3, state.highest_seen)
            .BindText(4, state.reason)
            .BindText(5, key.store)
            .BindText(6, key.stream)
            .Run());
    state.dirty = false;
  }
  return Status::Ok();
}

Result<std::vector<wire::StreamConfirm>> Streams::Confirmed(const std::string& store, int most) {
  std::vector<wire::StreamConfirm> rows;
  auto& sql = sql_.confirmed;
  sql.BindText(1, store).Bind(2, most);
  for (;;) {
    auto row = sql.Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) return rows;
    wire::StreamConfirm& confirmed = rows.emplace_back();
    confirmed.stream = sql.Text(0);
    confirmed.through = sql.Unsigned(1);
    if (Status chain = ReadChain(sql.Text(2), &confirmed.chain); !chain.ok()) {
      sql.Reset();
      return chain;
    }
  }
}

Result<std::vector<StreamKey>> Streams::All() {
  std::vector<StreamKey> keys;
  for (;;) {
    auto row = sql_.all.Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) return keys;
    keys.push_back({std::string(sql_.all.Text(0)), std::string(sql_.all.Text(1))});
  }
}

}  // namespace tillrelay::collector
