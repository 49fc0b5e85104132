#include "agent/admin/ticket_json.h"

#include "common/event/time_text.h"

namespace tillrelay::admin {
namespace {

void Text(JsonWriter& json, const char* name, const std::optional<std::string>& text) {
  json.Key(name);
  text ? json.String(*text) : json.Null();
}

// Members of the ticket that contradicts it.
void Write(JsonWriter& json, const StoredTwin& stored) {
  json.Key("stored")
      .BeginObject()
      .Field("id", stored.id)
      .Field("stream", stored.stream)
      .Field("sequence", stored.sequence)
      .Field("kind", stored.kind)
      .Key("data")
      .Raw(stored.data)
      .EndObject();
  json.Key("difference").BeginArray();
  for (const Difference& one : stored.differences) {
    json.BeginObject().Field("member", one.member);
    json.Field("new_member", one.now_at.empty() ? one.member : one.now_at);
    Text(json, "stored", one.before);
    Text(json, "new", one.after);
    json.EndObject();
  }
  json.EndArray();
}

}  // namespace

void WriteTicket(JsonWriter& json, const QuarantineRow& row) {
  json.BeginObject()
      .Field("ticket", row.ticket)
      .Field("register_id", row.names.register_id)
      .Field("number", row.names.number)
      .Field("business_day", row.names.business_day)
      .Field("kind", row.names.kind)
      .Field("created_at", event::UtcStamp(row.created_at))
      .Field("seen", row.seen)
      .Field("reason", row.reason)
      .Field("field", row.field)
      .Field("hint", row.hint)
      .Field("channel", row.channel)
      .Field("origin", row.origin)
      .Field("content_type", row.format);
  if (!row.document.empty()) json.Field("document", row.document);
  if (row.stored) Write(json, *row.stored);
  json.EndObject();
}

std::string TicketJson(const QuarantineRow& row) {
  std::string text;
  JsonWriter json(&text);
  WriteTicket(json, row);
  return text;
}

}  // namespace tillrelay::admin
