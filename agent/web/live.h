// What: the pages' live updates: GET /v1/live, as server-sent events or (?once) as one JSON answer.
// Promise: one snapshot and one rendering a second for all viewers of a language, none without one.
// An event
//   names only the pieces that changed; one who comes, or has missed one, gets all. It carries the
//   overview's numbers and words, no receipts. ?language is the page's, whoever asks.
// Thread: http.
// Limits: kMaxViewers streams; one more is told to come back later and asks with ?once instead.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "agent/web/page_context.h"
#include "agent/web/status_sources.h"
#include "common/http/router.h"

namespace tillrelay::web {

inline constexpr size_t kMaxViewers = 64;  // of one store; a browser needs one for all its tabs

class LivePage {
 public:
  LivePage(std::function<monitor::Snapshot()> snapshot, TimeFormat faces,
           const strings::Language& language = strings::English())
      : snapshot_(std::move(snapshot)), faces_(std::move(faces)), language_(language) {}

  std::string Whole();       // JSON of everything, as of the last Difference
  std::string Difference();  // looks again; JSON of the time and of what changed

 private:
  void TakeSnapshot();

  const std::function<monitor::Snapshot()> snapshot_;
  const TimeFormat faces_;
  const strings::Language& language_;
  std::map<std::string, std::string> members_, pieces_;  // by name, by the element's id
  std::string asof_;
};

void AddLiveRoute(http::Router& router, const StatusSources& sources);

}  // namespace tillrelay::web
