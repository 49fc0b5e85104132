#include "agent/api/admin_json.h"

#include "agent/admin/ticket_json.h"
#include "common/base/json_writer.h"
#include "common/event/time_text.h"

namespace tillrelay::api {
namespace {

void Write(JsonWriter& json, const admin::EventRow& row) {
  json.BeginObject()
      .Field("id", row.id)
      .Field("sequence", row.sequence)
      .Field("stream", row.stream)
      .Field("position", row.position)
      .Field("kind", row.kind)
      .Field("subject", row.subject)
      .Field("time", row.time)
      .Field("recorded_at", event::UtcStamp(row.recorded_at))
      .Field("state", row.state);
  if (!row.data.empty()) json.Key("data").Raw(row.data);
  if (!row.life.empty()) {
    json.Key("life").BeginArray();
    for (const admin::LifeStep& step : row.life) {
      json.BeginObject().Field("step", step.step).Key("at");
      step.at == WallTime{} ? json.Null() : json.String(event::UtcStamp(step.at));
      json.Field("detail", step.detail).EndObject();
    }
    json.EndArray();
  }
  json.EndObject();
}

// Members of an object that the caller has opened.
void Members(JsonWriter& json, const reconcile::RegisterRow& row) {
  json.Field("register_id", row.register_id)
      .Field("business_day", row.business_day)
      .Field("last_heard_at", event::UtcStamp(row.heard_at))
      .Field("sales", row.sales)
      .Field("returns", row.returns)
      .Field("others", row.others)
      .Field("missing_numbers", row.missing)
      .Field("gaps", row.gaps)
      .Field("counter_restarts", row.restarts)
      .Field("duplicates", row.duplicates)
      .Field("conflicts", row.conflicts)
      .Field("day_close", row.result.empty() ? "open" : row.result)
      .Field("reopened", row.reopened);
}

template <class Pairs>
void Map(JsonWriter& json, const char* name, const Pairs& pairs) {
  json.Key(name).BeginObject();
  for (const auto& [key, value] : pairs) json.Field(key, value);
  json.EndObject();
}

void Members(JsonWriter& json, const admin::DayRow& day) {
  Members(json, day.row);
  json.Field("events", day.events);
  if (!day.net_amount.empty()) json.Field("net_amount", day.net_amount);
  if (!day.row.reported_net_amount.empty()) {
    json.Field("reported_net_amount", day.row.reported_net_amount);
  }
  Map(json, "kinds", day.kinds);
  Map(json, "statuses", day.statuses);
  Map(json, "units_by_bucket", day.units);
  json.Key("z_numbers").BeginArray();
  for (const std::string& z : day.z_numbers) json.String(z);
  json.EndArray();
}

// A text, or null where it is not known.
void Known(JsonWriter& json, const char* name, const std::string& text) {
  json.Key(name);
  text.empty() ? json.Null() : json.String(text);
}

template <class Rows, class One>
std::string List(const char* name, const Rows& rows, One one) {
  std::string text;
  JsonWriter json(&text);
  json.BeginObject().Key(name).BeginArray();
  for (const auto& row : rows) one(json, row);
  json.EndArray().EndObject();
  return text;
}

}  // namespace

std::string EventsJson(const admin::EventPage& page) {
  std::string text;
  JsonWriter json(&text);
  json.BeginObject().Key("events").BeginArray();
  for (const admin::EventRow& row : page.events) Write(json, row);
  json.EndArray();
  if (page.go_on_before) json.Field("go_on_before", *page.go_on_before);
  json.Key("quarantined").BeginArray();
  for (const admin::QuarantineRow& row : page.quarantined) admin::WriteTicket(json, row);
  json.EndArray();
  json.EndObject();
  return text;
}

std::string EventJson(const admin::EventRow& row) {
  std::string text;
  JsonWriter json(&text);
  Write(json, row);
  return text;
}

std::string QuarantineJson(const admin::TicketPage& page) {
  std::string text;
  JsonWriter json(&text);
  json.BeginObject().Key("documents").BeginArray();
  for (const admin::QuarantineRow& row : page.tickets) admin::WriteTicket(json, row);
  json.EndArray().Field("matching", page.matching);
  Map(json, "reasons", page.reasons);
  json.EndObject();
  return text;
}

std::string RegistersJson(const std::vector<reconcile::RegisterRow>& rows) {
  return List("registers", rows, [](JsonWriter& json, const reconcile::RegisterRow& row) {
    json.BeginObject();
    Members(json, row);
    json.Field("expected", row.expected).Field("silent", row.silent);
    if (row.silent) json.Field("silent_for_s", row.silent_for_s);
    json.EndObject();
  });
}

std::string DaysJson(const std::vector<admin::DayRow>& rows) {
  return List("days", rows, [](JsonWriter& json, const admin::DayRow& day) {
    json.BeginObject();
    Members(json, day);
    json.EndObject();
  });
}

std::string SheetJson(const admin::DaySheet& sheet) {
  std::string text;
  JsonWriter json(&text);
  json.BeginObject();
  Members(json, sheet.day);
  json.Field("first_sequence", sheet.first_sequence)
      .Field("last_sequence", sheet.last_sequence)
      .Field("stream_hash", sheet.stream_hash)
      .Field("confirmed", sheet.confirmed)
      .Key("confirmed_at");
  sheet.confirmed_at == WallTime{} ? json.Null() : json.String(event::UtcStamp(sheet.confirmed_at));
  json.Field("counted", sheet.counted).Key("figures").BeginObject();
  for (const admin::DayFigure& figure : sheet.figures) {
    json.Key(figure.name).BeginObject();
    Known(json, "here", figure.here);
    Known(json, "reported", figure.reported);
    Known(json, "difference", figure.difference);
    json.EndObject();
  }
  json.EndObject().Key("totals_by_kind").BeginArray();
  for (const admin::KindTotal& total : sheet.kinds) {
    json.BeginObject().Field("kind", total.kind).Field("currency", total.currency);
    json.Field("documents", total.documents);
    Known(json, "net_amount", total.net_amount);
    json.EndObject();
  }
  json.EndArray().Key("totals_by_tender").BeginArray();
  for (const admin::TenderTotal& total : sheet.tenders) {
    json.BeginObject().Field("type", total.type).Field("currency", total.currency);
    json.Field("payments", total.payments);
    Known(json, "amount", total.amount);
    json.EndObject();
  }
  json.EndArray().Field("late_count", sheet.late.size()).Key("late").BeginArray();
  for (const admin::LateDocument& late : sheet.late) {
    json.BeginObject().Field("id", late.id).Field("subject", late.subject);
    json.Field("kind", late.kind).Field("recorded_at", event::UtcStamp(late.recorded_at));
    json.EndObject();
  }
  json.EndArray().EndObject();
  return text;
}

std::string IssuesJson(const std::vector<admin::IssueRow>& rows) {
  return List("issues", rows, [](JsonWriter& json, const admin::IssueRow& row) {
    const auto time = [&json](const char* name, WallTime at) {
      json.Key(name);
      if (at == WallTime()) {
        json.Null();
      } else {
        json.String(event::UtcStamp(at));
      }
    };
    json.BeginObject().Field("issue", row.id).Field("kind", row.kind).Field("key", row.key);
    json.Field("state", row.state).Field("level", row.level);
    json.Field("title", row.title).Field("detail", row.detail).Field("step", row.step);
    time("since", row.since);
    json.Field("count", row.count).Field("acknowledged_by", row.by).Field("note", row.note);
    time("acknowledged_at", row.acknowledged_at);
    time("healed_at", row.healed_at);
    json.EndObject();
  });
}

std::string AuditJson(const std::vector<journal::AuditRow>& rows) {
  return List("audit", rows, [](JsonWriter& json, const journal::AuditRow& row) {
    json.BeginObject()
        .Field("number", row.number)
        .Field("at", event::UtcStamp(row.at))
        .Field("actor", row.actor)
        .Field("action", row.action)
        .Field("subject", row.subject)
        .Field("reason", row.reason)
        .Field("outcome", row.outcome)
        .EndObject();
  });
}

std::string ResolvedJson(const admin::Resolved& resolved) {
  std::string text;
  JsonWriter json(&text);
  json.BeginObject().Field("resolved", resolved.gone).Key("results").Raw(resolved.results);
  json.EndObject();
  return text;
}

std::string BulkJson(const admin::BulkOutcome& outcome) {
  std::string text;
  JsonWriter json(&text);
  json.BeginObject().Field("resolved", outcome.resolved).Field("gone", outcome.gone);
  json.Key("left").BeginArray();
  for (const uint64_t ticket : outcome.left) json.Unsigned(ticket);
  json.EndArray();
  if (!outcome.stopped.empty()) json.Field("stopped", outcome.stopped);
  json.EndObject();
  return text;
}

}  // namespace tillrelay::api
