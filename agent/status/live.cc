#include "agent/status/live.h"

#include "agent/status/delivery_facts.h"
#include "agent/status/overview.h"
#include "agent/status/routes.h"
#include "common/base/json_writer.h"
#include "common/http/live_source.h"

namespace tillrelay::status {
namespace {

using Texts = std::map<std::string, std::string>;

Texts PiecesOf(const Look& look) {
  Texts pieces = {{"verdict", VerdictPiece(look)}, {"bar", BarPiece(look)},
                  {"facts", DeliveryFacts(look)},  {"replay-progress", ReplayProgressPiece(look)},
                  {"needs", NeedsPiece(look)},     {"registers", RegistersPiece(look)},
                  {"state", StateLine(look)},      {"quarantine-count", QuarantineMark(look)}};
  for (auto& [id, text] : TilePiecesOf(look)) pieces.emplace(id, text);
  return pieces;
}

// Of `now` what `before` does not have so.
Texts Changed(const Texts& before, const Texts& now) {
  Texts changed;
  for (const auto& [name, text] : now) {
    const auto it = before.find(name);
    if (it == before.end() || it->second != text) changed.emplace(name, text);
  }
  return changed;
}

std::string EventJson(const std::string& asof, const Texts& members, const Texts& pieces) {
  std::string text;
  JsonWriter json(&text);
  json.BeginObject().Field("asof", asof);
  for (const auto& [name, value] : members) json.Field(name, value);
  if (!pieces.empty()) {
    json.Key("pieces").BeginObject();
    for (const auto& [id, html] : pieces) json.Field(id, html);
    json.EndObject();
  }
  json.EndObject();
  return text;
}

std::string AsEvent(const std::string& json) { return "data: " + json + "\n\n"; }

}  // namespace

void LivePage::LookAgain() {
  const Snapshot snapshot = snapshot_();
  const Look look(snapshot, faces_);
  asof_ = faces_.stamp(snapshot.now).substr(11);
  members_ = {
      {"title", look.Title()}, {"level", std::string(Word(look.v.level))}, {"phase", look.v.state}};
  pieces_ = PiecesOf(look);
}

std::string LivePage::Difference() {
  const Texts members = std::move(members_), pieces = std::move(pieces_);
  LookAgain();
  return EventJson(asof_, Changed(members, members_), Changed(pieces, pieces_));
}

std::string LivePage::Whole() {
  if (asof_.empty()) LookAgain();
  return EventJson(asof_, members_, pieces_);
}

void AddLiveRoute(http::Router& router, std::function<Snapshot()> snapshot, Faces faces) {
  auto page = std::make_shared<LivePage>(snapshot, faces);
  http::LiveSource::Options options;
  options.max_readers = kMaxViewers;
  // JSON has no line ends, so an event is one line of data.
  options.whole = [page] { return "retry: 3000\n" + AsEvent(page->Whole()); };
  options.difference = [page] { return AsEvent(page->Difference()); };
  auto source = std::make_shared<http::LiveSource>(std::move(options));
  router.Add("GET", "/v1/live", [=](http::Request&& request, http::Responder responder) {
    if (request.Query("once")) {
      LivePage now(snapshot, faces);
      return responder.Send(Secured(http::Json(now.Whole())));
    }
    if (source->full()) {
      http::Response busy = http::Problem(503, "full", "Too many live viewers", "Ask with ?once");
      busy.headers.Add("Retry-After", "5");
      return responder.Send(Secured(std::move(busy)));
    }
    http::Response stream;
    stream.content_type = "text/event-stream";
    stream.live = source;
    responder.Send(Secured(std::move(stream)));
  });
}

}  // namespace tillrelay::status
