#include "collector/web/sinks_view.h"

#include "collector/exceptions/exception_table.h"
#include "collector/exceptions/orders.h"
#include "common/base/json_writer.h"

namespace tillrelay::collector {
namespace {

void TextOrNull(std::string_view name, const std::string& text, JsonWriter* json) {
  json->Key(name);
  text.empty() ? json->Null() : json->String(text);
}

void Members(const SinkState& s, JsonWriter* json) {
  json->Field("name", s.row.name).Field("state", StateWord(s));
  TextOrNull("halted", s.row.halted, json);
  json->Field("position", s.row.cursor.at.position).Field("cursor", CursorText(s.row.cursor));
  json->Field("behind", s.behind);
  TextOrNull("oldest_waiting_at", s.oldest_waiting_at, json);
  TextOrNull("delivered_at", s.row.delivered_at, json);
  json->Field("failures", s.row.failures);
  TextOrNull("failure", s.row.failure, json);
  TextOrNull("failed_at", s.row.failed_at, json);
  TextOrNull("owner", s.served ? s.row.owner : "", json);
  json->Key("refused");
  if (s.refused.cursor.empty()) {
    json->Null();
    return;
  }
  json->BeginObject().Field("cursor", s.refused.cursor).Field("position", s.row.sending);
  json->Field("store", s.refused.store).Field("kind", s.refused.kind);
  json->Field("id", s.refused.id).EndObject();
}

}  // namespace

Result<std::string> SinksJson(Sql* sql) {
  auto states = ReadSinkStates(sql);
  if (!states.ok()) return std::move(states).status();
  std::string out;
  JsonWriter json(&out);
  json.BeginObject().Key("sinks").BeginArray();
  for (const SinkState& state : *states) {
    json.BeginObject();
    Members(state, &json);
    json.EndObject();
  }
  json.EndArray().EndObject();
  return out;
}

Result<std::string> SinkJson(Sql* sql, const std::string& name) {
  auto states = ReadSinkStates(sql);
  if (!states.ok()) return std::move(states).status();
  auto history = ReadAudit(sql, {"", std::string(kSinkHistory), name});
  if (!history.ok()) return std::move(history).status();
  for (const SinkState& state : *states) {
    if (state.row.name != name) continue;
    std::string out;
    JsonWriter json(&out);
    json.BeginObject();
    Members(state, &json);
    json.Key("history").BeginArray();
    for (const AuditEntry& entry : *history) {
      json.BeginObject().Field("at", entry.at).Field("actor", entry.actor);
      json.Field("token", entry.token).Field("action", entry.state);
      json.Field("note", entry.note).EndObject();
    }
    json.EndArray().EndObject();
    return out;
  }
  return NotFound("there is no such sink");
}

}  // namespace tillrelay::collector
