#include "agent/monitor/status_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <vector>

#include "common/base/digest.h"
#include "common/base/json_writer.h"
#include "common/event/time_text.h"

namespace tillrelay::monitor {
namespace {

// More than these the centre does not read (common/wire/control.cc); they are told again.
constexpr size_t kMostListed = 1000;
constexpr size_t kMostRegisters = 200;
constexpr size_t kMostIssues = 20;  // the worst; all of them: GET /v1/issues

void TimeOrNull(JsonWriter& json, std::string_view name, WallTime time) {
  json.Key(name);
  if (time == WallTime()) {
    json.Null();
  } else {
    json.String(event::UtcStamp(time));
  }
}

void TextOrNull(JsonWriter& json, std::string_view name, std::string_view text) {
  json.Key(name);
  if (text.empty()) {
    json.Null();
  } else {
    json.String(text);
  }
}

// A stream as the status tells it.
struct StreamStatus {
  std::string stream;
  uint64_t head = 0;
  std::string chain;
  uint64_t sent_through = 0, acked_through = 0, confirmed_through = 0;
  std::string confirmed_chain;
  uint64_t floor = 1;
};

void Watermarks(JsonWriter& json, const StreamStatus& row, bool by_broker) {
  json.Field("stream", row.stream).Field("head", row.head);
  json.Field("sent_through", row.sent_through).Field("acked_through", row.acked_through);
  json.Key("confirmed_through");
  if (by_broker) {
    json.Null();
  } else {
    json.Unsigned(row.confirmed_through);
  }
}

StreamStatus CurrentStream(const Snapshot& s) {
  StreamStatus row;
  row.stream = s.journal.stream;
  row.head = s.journal.head;
  row.chain = s.journal.head_chain;
  row.sent_through = s.uplink.sent_through;
  row.acked_through = s.acked_through();
  row.confirmed_through = s.journal.confirmed_through;
  row.confirmed_chain = s.journal.confirmed_chain;
  row.floor = s.journal.floor;
  return row;
}

// All of it has been sent.
StreamStatus OlderStream(const journal::StreamRow& row) {
  return {row.stream,
          row.head,
          ToHex(BytesOf(row.head_chain)),
          row.head,
          row.acked_through,
          row.confirmed_through,
          ToHex(BytesOf(row.confirmed_chain)),
          row.floor};
}

void Stream(JsonWriter& json, const StreamStatus& row, bool by_broker) {
  json.BeginObject();
  Watermarks(json, row, by_broker);
  json.Field("chain", row.chain);
  TextOrNull(json, "confirmed_chain", by_broker ? "" : row.confirmed_chain);
  json.Field("floor", row.floor).EndObject();
}

void Broker(JsonWriter& json, const Snapshot& s) {
  const uplink::UplinkStats& u = s.uplink;
  json.Key("broker").BeginObject();
  json.Field("connected", u.phase == uplink::LinkPhase::kOnline);
  TextOrNull(json, "url", u.broker);
  TextOrNull(json, "last_error", u.last_error);
  TimeOrNull(json, "next_try_at", u.next_try_at);
  TimeOrNull(json, "since", u.state_since == WallTime() ? s.started_at : u.state_since);
  TimeOrNull(json, "last_connected_at", u.last_connected_at);
  TimeOrNull(json, "last_confirmed_at", u.last_confirmed_at);
  json.Field("centre_away", u.centre_away).Field("in_flight", u.in_flight);
  TextOrNull(json, "centre_doubt", CentreDoubt(s));
  TimeOrNull(json, "centre_heard_at", u.centre_heard_at);
  TimeOrNull(json, "unconfirmed_since", u.unconfirmed_since);
  json.Field("never_confirmed", u.never_confirmed).Field("unapplied", u.unapplied);
  json.Field("sees_twins", u.sees_twins).Field("stuck_bytes", u.stuck_bytes);
  TextOrNull(json, "other_server", u.twin);
  TextOrNull(json, "confirmations", u.confirm_trust);
  TextOrNull(json, "alarm", u.alarm);
  json.EndObject();
}

// `most`: of each list.
void Streams(JsonWriter& json, const Snapshot& s, size_t most) {
  json.Key("streams").BeginArray();
  if (!s.journal.stream.empty()) Stream(json, CurrentStream(s), s.by_broker());
  for (size_t i = 0; i < std::min(s.older_streams.size(), most); ++i) {
    Stream(json, OlderStream(s.older_streams[i]), s.by_broker());
  }
  json.EndArray();
  json.Key("parked").BeginArray();
  for (size_t i = 0; i < std::min(s.journal.owed.size(), most); ++i) {
    const journal::OwedEvent& event = s.journal.owed[i];
    json.BeginObject().Field("stream", event.stream).Field("sequence", event.sequence).EndObject();
  }
  json.EndArray();
  json.Key("lost").BeginArray();
  for (size_t i = 0; i < std::min(s.journal.losses.size(), most); ++i) {
    const wire::Lost& lost = s.journal.losses[i];
    json.BeginObject().Field("stream", lost.stream);
    json.Field("from", lost.range.first).Field("through", lost.range.last);
    json.Field("chain", ToHex(BytesOf(lost.chain))).Field("reason", lost.reason);
    json.Field("compared", lost.compared);
    if (lost.open) json.Field("open", true);
    json.EndObject();
  }
  json.EndArray();
  json.Key("unknown_streams").BeginArray();
  for (size_t i = 0; i < std::min(s.unknown_streams.size(), most); ++i) {
    const uplink::UnknownStream& unknown = s.unknown_streams[i];
    json.BeginObject().Field("stream", unknown.stream).Field("through", unknown.through);
    json.EndObject();
  }
  json.EndArray();
}

// Those that were heard last, where there are more than a shop can have: the message stays small.
void Registers(JsonWriter& json, const capture::CaptureStats& c, size_t most) {
  std::vector<WallTime> heard;
  for (const auto& [id, till] : c.registers) heard.push_back(till.last_heard_at);
  WallTime oldest{};
  most = std::min(most, kMostRegisters);
  if (most > 0 && heard.size() > most) {
    const auto last = heard.end() - static_cast<std::ptrdiff_t>(most);
    std::nth_element(heard.begin(), last, heard.end());
    oldest = *last;
  }
  size_t reported = 0;
  json.Key("registers").BeginObject();
  for (const auto& [id, till] : c.registers) {
    if (till.last_heard_at < oldest || reported++ >= most) continue;
    json.Key(id).BeginObject();
    TimeOrNull(json, "last_heard_at", till.last_heard_at);
    json.Field("sales", till.sales).Field("returns", till.returns).Field("others", till.others);
    json.EndObject();
  }
  json.EndObject();
}

void Counters(JsonWriter& json, const Snapshot& s) {
  const capture::CaptureStats& c = s.capture;
  const uplink::UplinkStats& u = s.uplink;
  json.Key("counters").BeginObject();
  json.Field("http_stored", c.http.stored()).Field("http_duplicate", c.http.duplicate());
  json.Field("http_quarantined", c.http.quarantined()).Field("http_refused", c.http_refused);
  json.Field("file_stored", c.file.stored()).Field("file_duplicate", c.file.duplicate());
  json.Field("file_quarantined", c.file.quarantined());
  json.Field("files_done", c.files_done).Field("files_rejected", c.files_rejected);
  json.Field("files_waiting", c.files_waiting).Field("files_unreadable", c.files_unreadable);
  json.Field("redactions", c.redactions).Field("commits", s.journal.commits_total);
  json.Field("published", u.published_total).Field("resent", u.resent_total);
  json.Field("replayed", u.replayed_total).Field("connects", u.connects_total);
  json.Field("refused_commands", u.refused_commands_total);
  json.Field("disbelieved_confirmations", u.disbelieved_confirmations_total);
  json.EndObject();
  if (!c.item_map) return;
  json.Key("item_map").BeginObject();
  json.Field("version", c.item_map->version).Field("rows", c.item_map->rows);
  json.Field("mapped", c.lines_mapped).Field("unmapped", c.lines_unmapped);
  json.Field("error", c.item_map->error).EndObject();
}

void Words(JsonWriter& json, const Verdict& verdict, size_t most) {
  json.Field("level", LevelWord(verdict.level)).Field("cause", verdict.cause);
  json.Field("sentence", verdict.sentence).Field("safe", verdict.safe);
  json.Key("steps").BeginArray();
  for (const std::string& step : verdict.steps) json.String(step);
  json.EndArray();
  json.Key("issues").BeginArray();
  for (size_t i = 0; i < std::min({verdict.issues.size(), kMostIssues, most}); ++i) {
    const Issue& issue = verdict.issues[i];
    json.BeginObject().Field("level", LevelWord(issue.level));
    json.Field("title", issue.title).Field("detail", issue.detail);
    json.Field("issue", issue.id()).Field("kind", issue.kind);
    json.Field("state", StateWord(issue.state)).Field("count", issue.count);
    TimeOrNull(json, "since", issue.since);
    json.EndObject();
  }
  json.EndArray();
  const size_t open = verdict.open_issues();
  json.Key("issue_counts").BeginObject().Field("open", static_cast<uint64_t>(open));
  json.Field("acknowledged", static_cast<uint64_t>(verdict.issues.size() - open)).EndObject();
}

// With at most so many entries in each list.
std::string Text(const Snapshot& s, const TimeText& time_text, size_t most) {
  const Verdict verdict = Diagnose(s, time_text);
  std::string out;
  out.reserve(2048);
  JsonWriter json(&out);
  json.BeginObject().Field("v", 1).Field("state", verdict.state);
  json.Field("at", event::UtcStamp(s.now));
  json.Field("store_id", s.journal.store_id).Field("host", s.host).Field("session", s.session);
  json.Field("version", s.version).Field("confirm", s.confirm_mode);
  Watermarks(json, CurrentStream(s), s.by_broker());
  json.Field("waiting", s.journal.waiting);
  TimeOrNull(json, "oldest_waiting_at",
             s.journal.waiting > 0 ? s.journal.oldest_waiting_at : WallTime());
  json.Field("quarantined", s.journal.quarantined);
  Broker(json, s);
  json.Field("journal_bytes", s.journal.journal_bytes);
  json.Field("disk_free_bytes", s.journal.disk_free_bytes);
  json.Key("disk_days_left");
  if (s.journal.disk_days_left < 0) {
    json.Null();
  } else {
    json.Unsigned(static_cast<uint64_t>(s.journal.disk_days_left));
  }
  TimeOrNull(json, "oldest_kept_at", s.journal.oldest_kept_at);
  json.Field("retention_cut_short", s.journal.retention_cut_short);
  json.Field("repaired", s.journal.salvaged);
  json.Field("taking_over", s.journal.taking_over);
  TextOrNull(json, "refusing", IntakeRefusal(s).value_or(""));
  TimeOrNull(json, "started_at", s.started_at);
  Words(json, verdict, most);
  Streams(json, s, most);
  Registers(json, s.capture, most);
  Counters(json, s);
  json.EndObject();
  return out;
}

}  // namespace

std::string StatusJson(const Snapshot& s, const TimeText& time_text, size_t most_bytes) {
  constexpr size_t kFewer[] = {256, 32, 4, 0};
  std::string text = Text(s, time_text, kMostListed);
  for (const size_t most : kFewer) {
    if (most_bytes == 0 || text.size() <= most_bytes) break;
    text = Text(s, time_text, most);
  }
  return text;
}

}  // namespace tillrelay::monitor
