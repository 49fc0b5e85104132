#include "common/wire/control.h"

#include "common/base/json_writer.h"
#include "common/base/text.h"
#include "common/event/time_text.h"
#include "common/wire/ulid.h"

namespace tillrelay::wire {
namespace {

constexpr uint32_t kMaxStreams = 16;
constexpr uint32_t kMaxListed = 1000;
constexpr uint32_t kMaxRanges = 5000;
constexpr uint32_t kMaxSessions = 4;
constexpr size_t kMaxHostBytes = 255;

Status CheckVersion(JsonValue value) {
  uint64_t version = 0;
  if (!value.is_object() || !value.Unsigned("v", &version) || version != 1) {
    return Invalid("not a version 1 message");
  }
  return Status::Ok();
}

bool ReadNumber(JsonValue value, uint64_t* out) {
  // Unsigned() reads a member; a list element is read through its token.
  if (!value.is_number() || value.text().size() > 19 || !AllDigits(value.text())) return false;
  *out = std::stoull(std::string(value.text()));
  return true;
}

Status ReadRanges(JsonValue list, std::vector<Range>* out) {
  if (!list) return Status::Ok();
  if (!list.is_array() || list.size() > kMaxRanges) return Invalid("ranges are not a short list");
  for (const JsonValue pair : list) {
    if (!pair.is_array() || pair.size() != 2) return Invalid("ranges are not a list of pairs");
    Range range;
    auto element = pair.begin();
    const bool first = ReadNumber(*element, &range.first);
    ++element;
    if (!first || !ReadNumber(*element, &range.last) || range.first == 0 ||
        range.first > range.last) {
      return Invalid("a range is malformed");
    }
    out->push_back(range);
  }
  return Status::Ok();
}

void WriteRanges(std::string_view name, const std::vector<Range>& ranges, JsonWriter* json) {
  json->Key(name).BeginArray();
  for (const Range& range : ranges) {
    json->BeginArray().Unsigned(range.first).Unsigned(range.last).EndArray();
  }
  json->EndArray();
}

void WriteLost(const std::vector<Lost>& lost, JsonWriter* json) {
  json->Key("lost").BeginArray();
  for (const Lost& l : lost) {
    json->BeginObject().Field("stream", l.stream).Field("from", l.range.first);
    json->Field("through", l.range.last).Field("chain", ToHex(BytesOf(l.chain)));
    json->Field("reason", l.reason).Field("compared", l.compared);
    if (l.open) json->Field("open", true);
    json->EndObject();
  }
  json->EndArray();
}

Status ReadLost(JsonValue list, std::vector<Lost>* out) {
  if (!list) return Status::Ok();
  if (!list.is_array() || list.size() > kMaxListed) return Invalid("lost is not a short list");
  for (const JsonValue entry : list) {
    Lost& l = out->emplace_back();
    l.stream = entry.String("stream");
    l.reason = entry.String("reason");
    const JsonValue compared = entry.Find("compared");
    l.compared = !compared || compared.text() != "false";
    const JsonValue open = entry.Find("open");
    l.open = open && open.text() != "false";
    if (!IsUlid(l.stream) || !entry.Unsigned("from", &l.range.first) ||
        !entry.Unsigned("through", &l.range.last) || l.range.first == 0 ||
        l.range.last < (l.open ? l.range.first - 1 : l.range.first) ||
        (!entry.String("chain").empty() && !ParseChain(entry.String("chain"), &l.chain))) {
      return Invalid("a lost range is malformed");
    }
  }
  return Status::Ok();
}

Status ReadParked(JsonValue list, StoreStatus* status) {
  if (!list) return Status::Ok();
  if (!list.is_array() || list.size() > kMaxListed) return Invalid("parked is not a short list");
  for (const JsonValue entry : list) {
    uint64_t number = 0;
    const std::string_view stream = entry.String("stream");
    if (!IsUlid(stream) || !entry.Unsigned("sequence", &number)) {
      return Invalid("a parked event is malformed");
    }
    status->parked.emplace_back(stream, number);
  }
  return Status::Ok();
}

Status ReadReplay(JsonValue value, Command* command) {
  command->business_day = value.String("business_day");
  command->recorded_from = value.String("recorded_from");
  command->recorded_through = value.String("recorded_through");
  if (!command->business_day.empty()) {
    return event::IsDay(command->business_day) ? Status::Ok() : Invalid("business_day is no day");
  }
  if (!command->recorded_from.empty() || !command->recorded_through.empty()) {
    const bool good = event::ParseUtc(command->recorded_from).ok() &&
                      event::ParseUtc(command->recorded_through).ok();
    return good ? Status::Ok() : Invalid("recorded_from and recorded_through are UTC times");
  }
  if (!IsUlid(command->stream) || !value.Unsigned("from", &command->range.first) ||
      !value.Unsigned("through", &command->range.last) || command->range.first == 0 ||
      command->range.first > command->range.last) {
    return Invalid("replay needs a stream and a range");
  }
  return Status::Ok();
}

}  // namespace

std::string WriteConfirm(const Confirm& confirm) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject().Field("v", 1).Field("store", confirm.store).Field("at", confirm.at);
  json.Key("streams").BeginArray();
  for (const StreamConfirm& s : confirm.streams) {
    json.BeginObject()
        .Field("stream", s.stream)
        .Field("through", s.through)
        .Field("chain", ToHex(BytesOf(s.chain)));
    WriteRanges("owed", s.owed, &json);
    if (!s.unapplied.empty()) WriteRanges("unapplied", s.unapplied, &json);
    if (s.stored_through > 0) {
      json.Field("stored_through", s.stored_through)
          .Field("stored_chain", ToHex(BytesOf(s.stored_chain)));
    }
    json.EndObject();
  }
  json.EndArray();
  if (confirm.accepts_batches) {
    json.Key("accepts").BeginArray().String("batches");
    if (confirm.accepts_zstd) json.String("zstd");
    json.EndArray();
  }
  if (!confirm.sessions.empty()) {
    json.Key("sessions").BeginArray();
    for (const HeardSession& heard : confirm.sessions) {
      json.BeginObject().Field("session", heard.session).Field("host", heard.host).EndObject();
    }
    json.EndArray();
  }
  if (!confirm.sig.empty()) json.Field("kid", confirm.kid).Field("sig", confirm.sig);
  json.EndObject();
  return out;
}

Result<Confirm> ReadConfirm(JsonValue value) {
  TRY(CheckVersion(value));
  Confirm confirm;
  confirm.store = value.String("store");
  confirm.at = value.String("at");
  const JsonValue streams = value.Find("streams");
  if (!streams.is_array() || streams.size() > kMaxStreams) return Invalid("bad streams");
  for (const JsonValue entry : streams) {
    StreamConfirm& s = confirm.streams.emplace_back();
    s.stream = entry.String("stream");
    if (!IsUlid(s.stream) || !entry.Unsigned("through", &s.through) ||
        !ParseChain(entry.String("chain"), &s.chain)) {
      return Invalid("a stream of the confirmation is malformed");
    }
    TRY(ReadRanges(entry.Find("owed"), &s.owed));
    TRY(ReadRanges(entry.Find("unapplied"), &s.unapplied));
    if (entry.Unsigned("stored_through", &s.stored_through) &&
        !ParseChain(entry.String("stored_chain"), &s.stored_chain)) {
      return Invalid("a stream of the confirmation is malformed");
    }
  }
  if (const JsonValue accepts = value.Find("accepts"); accepts.is_array()) {
    for (const JsonValue form : accepts) {
      confirm.accepts_batches = confirm.accepts_batches || form.text() == "batches";
      confirm.accepts_zstd = confirm.accepts_zstd || form.text() == "zstd";
    }
  }
  confirm.kid = value.String("kid");
  confirm.sig = value.String("sig");
  const JsonValue sessions = value.Find("sessions");
  if (!sessions.is_array()) return confirm;
  for (const JsonValue entry : sessions) {
    if (confirm.sessions.size() == kMaxSessions || !IsUlid(entry.String("session"))) break;
    confirm.sessions.push_back(
        {std::string(entry.String("session")), Printable(entry.String("host"), kMaxHostBytes)});
  }
  return confirm;
}

Result<StoreStatus> ReadStatus(JsonValue value) {
  TRY(CheckVersion(value));
  StoreStatus status;
  status.store = value.String("store_id");
  status.state = value.String("state");
  status.session = value.String("session");
  status.host = value.String("host");
  const JsonValue streams = value.Find("streams");
  if (streams && (!streams.is_array() || streams.size() > kMaxStreams)) {
    return Invalid("bad streams");
  }
  TRY(ReadLost(value.Find("lost"), &status.lost));
  TRY(ReadParked(value.Find("parked"), &status));
  if (!streams) return status;
  for (const JsonValue entry : streams) {
    StreamState& s = status.streams.emplace_back();
    s.stream = entry.String("stream");
    if (!IsUlid(s.stream) || !entry.Unsigned("head", &s.head) ||
        !ParseChain(entry.String("chain"), &s.chain)) {
      return Invalid("a stream of the status is malformed");
    }
    entry.Unsigned("sent_through", &s.sent_through);
    entry.Unsigned("acked_through", &s.acked_through);
    entry.Unsigned("confirmed_through", &s.confirmed_through);
    ParseChain(entry.String("confirmed_chain"), &s.confirmed_chain);
    if (!entry.Unsigned("floor", &s.floor)) s.floor = 1;
  }
  return status;
}

std::string WriteWill(std::string_view session) {
  std::string out;
  JsonWriter(&out)
      .BeginObject()
      .Field("v", 1)
      .Field("state", "offline")
      .Field("session", session)
      .EndObject();
  return out;
}

std::string WriteCommand(const Command& command) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject()
      .Field("v", 1)
      .Field("command", command.command)
      .Field("command_id", command.command_id)
      .Field("session", command.session);
  if (!command.stream.empty()) json.Field("stream", command.stream);
  if (command.command == "replay" && command.range.first > 0) {
    json.Field("from", command.range.first).Field("through", command.range.last);
  }
  if (!command.business_day.empty()) json.Field("business_day", command.business_day);
  if (!command.recorded_from.empty()) {
    json.Field("recorded_from", command.recorded_from);
    json.Field("recorded_through", command.recorded_through);
  }
  if (command.command == "fork") json.Field("after", command.range.first);
  if (command.chain) json.Field("chain", ToHex(BytesOf(*command.chain)));
  json.EndObject();
  return out;
}

Result<Command> ReadCommand(JsonValue value) {
  TRY(CheckVersion(value));
  Command command;
  command.command = value.String("command");
  command.command_id = value.String("command_id");
  command.session = value.String("session");
  command.stream = value.String("stream");
  if (!IsUlid(command.command_id)) return Invalid("command_id is not a ULID");
  if (Chain chain; ParseChain(value.String("chain"), &chain)) command.chain = chain;
  if (command.command == "replay") {
    TRY(ReadReplay(value, &command));
  } else if (command.command == "fork") {
    if (!IsUlid(command.stream) || !command.chain ||
        !value.Unsigned("after", &command.range.first)) {
      return Invalid("fork needs a stream, a number and the chain there");
    }
  } else if (command.command != "report") {
    return Invalid("unknown command");
  }
  return command;
}

std::string WriteReply(const Reply& reply) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject()
      .Field("v", 1)
      .Field("command_id", reply.command_id)
      .Field("state", reply.state)
      .Field("sent", reply.sent)
      .Field("of", reply.of);
  if (!reply.reason.empty()) json.Field("reason", reply.reason);
  if (!reply.lost.empty()) WriteLost(reply.lost, &json);
  json.EndObject();
  return out;
}

Result<Reply> ReadReply(JsonValue value) {
  TRY(CheckVersion(value));
  Reply reply;
  reply.command_id = value.String("command_id");
  reply.state = value.String("state");
  reply.reason = value.String("reason");
  value.Unsigned("sent", &reply.sent);
  value.Unsigned("of", &reply.of);
  if (!IsUlid(reply.command_id)) return Invalid("command_id is not a ULID");
  TRY(ReadLost(value.Find("lost"), &reply.lost));
  return reply;
}

}  // namespace tillrelay::wire
