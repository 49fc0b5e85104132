#include "collector/sinks/sink_states.h"

namespace tillrelay::collector {
namespace {

const Statement kFacts(
    "SELECT s.name, h.position, (SELECT e.stored_at FROM event e WHERE e.position = s.position + 1"
    " AND e.position IS NOT NULL), x.hash, x.store_id, x.kind, x.id FROM sink s CROSS JOIN head h"
    " LEFT JOIN event x ON x.position = s.sending AND x.position IS NOT NULL"
    " AND s.halted = 'refused' ORDER BY s.name",
    "");

const Statement kHalted("SELECT COUNT(*) FROM sink WHERE halted <> ''", "");

}  // namespace

uint64_t CountHalted(Sql* sql) {
  const auto rows = sql->Run(kHalted);
  return rows.ok() ? rows.value().Unsigned(0, 0) : 0;
}

std::string_view StateWord(const SinkState& state) {
  if (!state.row.halted.empty()) return "halted";
  if (state.row.paused) return "paused";
  if (!state.served) return "unserved";
  if (state.row.failures > 0) return "failing";
  return state.behind > 0 ? "delivering" : "idle";
}

Result<std::vector<SinkState>> ReadSinkStates(Sql* sql) {
  TRY(sql->Snapshot());
  auto sinks = ReadSinks(sql);
  auto facts = sql->Run(kFacts);
  auto now = DatabaseMicros(sql);
  sql->Rollback();
  if (!sinks.ok()) return std::move(sinks).status();
  if (!facts.ok()) return std::move(facts).status();
  if (!now.ok()) return std::move(now).status();
  std::vector<SinkState> states;
  for (size_t i = 0; i < sinks->size() && i < facts->size(); ++i) {
    SinkState& state = states.emplace_back();
    state.row = std::move((*sinks)[i]);
    const uint64_t head = facts->Unsigned(i, 1);
    state.behind = head > state.row.cursor.at.position ? head - state.row.cursor.at.position : 0;
    state.oldest_waiting_at = facts->Text(i, 2);
    state.served = !state.row.owner.empty() && state.row.leased_until > *now;
    if (facts->Text(i, 3).empty()) continue;
    state.refused = {CursorText({{state.row.sending, facts->Text(i, 3)}, {}}), facts->Text(i, 4),
                     facts->Text(i, 5), facts->Text(i, 6)};
  }
  return states;
}

}  // namespace tillrelay::collector
