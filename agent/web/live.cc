#include "agent/web/live.h"

#include "agent/web/delivery_facts.h"
#include "agent/web/overview.h"
#include "common/base/json_writer.h"
#include "common/http/live_source.h"
#include "common/web/reader_language.h"

namespace tillrelay::web {
namespace {

using Texts = std::map<std::string, std::string>;

Texts FragmentsOf(const PageContext& context) {
  Texts pieces = {
      {"verdict", VerdictPiece(context)}, {"bar", BarPiece(context)},
      {"facts", DeliveryFacts(context)},  {"replay-progress", ReplayProgressFragment(context)},
      {"needs", NeedsPiece(context)},     {"registers", RegistersPiece(context)},
      {"state", StateLine(context)},      {"quarantine-count", QuarantineMark(context)}};
  for (auto& [id, text] : TileFragmentsOf(context)) pieces.emplace(id, text);
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

// A language of the query is that of the page that asks; without one it is the reader's.
const strings::Language* WantedLanguage(const http::Request& request,
                                        const StatusSources& sources) {
  const auto wanted = request.Query("language");
  return wanted ? strings::FindLanguage(*wanted) : &http::LanguageOf(request, sources.language);
}

http::Response Answer(http::Response response, const strings::Language& language) {
  http::AddLanguage(&response, language);
  return Secured(std::move(response));
}

std::string AsEvent(const std::string& json) { return "data: " + json + "\n\n"; }

// One stream a language; one without a reader costs nothing.
using Streams = std::map<const strings::Language*, std::shared_ptr<http::LiveSource>>;

Streams StreamsOf(const StatusSources& sources) {
  Streams streams;
  for (const strings::Language* language : strings::Languages()) {
    auto page = std::make_shared<LivePage>(sources.snapshot, sources.faces, *language);
    http::LiveSource::Options options;
    options.max_readers = kMaxViewers;
    // JSON has no line ends, so an event is one line of data.
    options.whole = [page] { return "retry: 3000\n" + AsEvent(page->Whole()); };
    options.difference = [page] { return AsEvent(page->Difference()); };
    streams.emplace(language, std::make_shared<http::LiveSource>(std::move(options)));
  }
  return streams;
}

size_t AllReaders(const Streams& streams) {
  size_t readers = 0;
  for (const auto& [language, stream] : streams) readers += stream->readers();
  return readers;
}

}  // namespace

void LivePage::TakeSnapshot() {
  const monitor::Snapshot snapshot = snapshot_();
  const strings::Speaking speaking(language_);
  const PageContext context(snapshot, faces_);
  asof_ = faces_.stamp(snapshot.now).substr(11);
  members_ = {{"title", context.Title()},
              {"level", std::string(LevelWord(context.v.level))},
              {"phase", context.v.state}};
  pieces_ = FragmentsOf(context);
}

std::string LivePage::Difference() {
  const Texts members = std::move(members_), pieces = std::move(pieces_);
  TakeSnapshot();
  return EventJson(asof_, Changed(members, members_), Changed(pieces, pieces_));
}

std::string LivePage::Whole() {
  if (asof_.empty()) TakeSnapshot();
  return EventJson(asof_, members_, pieces_);
}

void AddLiveRoute(http::Router& router, const StatusSources& sources) {
  const auto streams = std::make_shared<const Streams>(StreamsOf(sources));
  router.TakeFields("/v1/live", {"once", "language"});
  router.Add("GET", "/v1/live", [=](http::Request&& request, http::Responder responder) {
    const strings::Language* language = WantedLanguage(request, sources);
    if (language == nullptr) {
      return responder.Send(Secured(
          http::Problem(400, "invalid", "This language is not known", "Leave it out, or say en")));
    }
    if (request.Query("once")) {
      LivePage now(sources.snapshot, sources.faces, *language);
      return responder.Send(Answer(http::Json(now.Whole()), *language));
    }
    if (AllReaders(*streams) >= kMaxViewers) {
      http::Response busy = http::Problem(503, "full", "Too many live viewers", "Ask with ?once");
      busy.headers.Add("Retry-After", "5");
      return responder.Send(Secured(std::move(busy)));
    }
    http::Response stream;
    stream.content_type = "text/event-stream";
    stream.live = streams->at(language);
    responder.Send(Answer(std::move(stream), *language));
  });
}

}  // namespace tillrelay::web
