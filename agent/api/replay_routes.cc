// Sending again, asked for by the store's own people.
#include "agent/admin/reason.h"
#include "agent/api/admin_answers.h"
#include "agent/api/admin_routes.h"
#include "common/base/json_reader.h"
#include "common/base/json_writer.h"
#include "common/event/time_text.h"

namespace tillrelay::api {
namespace {

using http::Request;
using http::Responder;

constexpr size_t kMaxStreamBytes = 26;  // a ULID

void Write(JsonWriter& json, const admin::ReplayState& replay) {
  json.BeginObject()
      .Field("id", replay.id)
      .Field("state", replay.state)
      .Field("sent", replay.sent)
      .Field("looked", replay.looked)
      .Field("of", replay.of)
      .EndObject();
}

std::string ReplayJson(const admin::ReplayState& replay) {
  std::string out;
  JsonWriter json(&out);
  Write(json, replay);
  return out;
}

std::string ReplaysJson(const std::vector<admin::ReplayState>& replays) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject().Key("replays").BeginArray();
  for (const admin::ReplayState& replay : replays) Write(json, replay);
  json.EndArray().EndObject();
  return out;
}

std::string PreviewJson(const admin::ReplayPreview& preview) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject().Field("events", preview.events).Field("exact", preview.exact).EndObject();
  return out;
}

bool Has(const JsonValue& root, const char* member) { return static_cast<bool>(root.Find(member)); }

Status ReadNumbers(const JsonValue& root, admin::ReplayWish* wish) {
  const bool written = root.Unsigned("from", &wish->first) && root.Unsigned("through", &wish->last);
  if (!written || wish->first == 0 || wish->last < wish->first) {
    return Invalid("from and through: the first and the last number, from 1 upward");
  }
  wish->stream = root.String("stream");
  if (wish->stream.size() > kMaxStreamBytes) return Invalid("stream: the name of a stream");
  return Status::Ok();
}

Status ReadTimes(const JsonValue& root, admin::ReplayWish* wish) {
  auto from = event::ParseUtc(root.String("recorded_from"));
  auto through = event::ParseUtc(root.String("recorded_through"));
  if (!from.ok() || !through.ok() || *through < *from) {
    return Invalid(
        "recorded_from and recorded_through: two times in UTC such as 2026-11-21T16:42:09Z, the "
        "earlier one first");
  }
  wish->recorded_from = *from;
  wish->recorded_through = *through;
  return Status::Ok();
}

// One of: numbers, a business day, a time of recording.
Result<admin::ReplayWish> ReadWish(const JsonValue& root) {
  admin::ReplayWish wish;
  wish.reason = root.String("reason");
  TRY(admin::BoundText("reason", &wish.reason));
  const bool numbers = Has(root, "from") || Has(root, "through");
  const bool day = Has(root, "business_day");
  const bool times = Has(root, "recorded_from") || Has(root, "recorded_through");
  if (numbers + day + times != 1) {
    return Invalid(
        "name what to send again by one of: from and through, business_day, recorded_from and "
        "recorded_through");
  }
  if (numbers) TRY(ReadNumbers(root, &wish));
  if (times) TRY(ReadTimes(root, &wish));
  if (day) {
    wish.business_day = root.String("business_day");
    if (!event::IsDay(wish.business_day)) return Invalid("business_day: a day like 2026-11-21");
  }
  return wish;
}

void Order(admin::Admin& admin, Request& request, const Responder& responder) {
  JsonParser parser;
  auto root = parser.Parse(request.body);
  if (!root.ok() || !root->is_object()) {
    return responder.Send(Secured(FromStatus(
        Invalid("the body is a JSON object such as {\"business_day\": \"2026-11-21\"}"))));
  }
  auto wish = ReadWish(*root);
  if (!wish.ok()) return responder.Send(Secured(FromStatus(wish.status())));
  wish->actor = ActorOf(request);
  if (root->Find("preview").is_true()) {
    return admin.Preview(*std::move(wish), Answering<admin::ReplayPreview>(responder, PreviewJson));
  }
  admin.Replay(*std::move(wish), [responder](Result<admin::ReplayState> started) {
    if (!started.ok()) return responder.Send(Secured(FromStatus(started.status())));
    http::Response response = http::Json(ReplayJson(*started));
    response.status = 202;
    response.headers.Add("Location", "/v1/replays/" + started->id);
    responder.Send(Secured(std::move(response)));
  });
}

}  // namespace

void AddReplayReadingRoutes(http::Router& router, const std::shared_ptr<admin::Admin>& admin) {
  router.Add("GET", "/v1/replays", [admin](Request&&, Responder responder) {
    responder.Send(Secured(http::Json(ReplaysJson(admin->Replays()))));
  });
  router.Add("GET", "/v1/replays/{id}", [admin](Request&& request, Responder responder) {
    for (const admin::ReplayState& replay : admin->Replays()) {
      if (replay.id == request.Param("id")) {
        return responder.Send(Secured(http::Json(ReplayJson(replay))));
      }
    }
    responder.Send(Secured(FromStatus(NotFound("no replay of this id is remembered"))));
  });
}

void AddReplayOrderRoute(http::Router& router, const std::shared_ptr<admin::Admin>& admin) {
  router.Add("POST", "/v1/replays", [admin](Request&& request, Responder responder) {
    Order(*admin, request, responder);
  });
}

}  // namespace tillrelay::api
