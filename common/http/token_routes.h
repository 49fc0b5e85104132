// What: what the routes of two kinds of tokens, the registers' and the people's, answer alike.
// Thread: any (pure), but for RunOrRefuse: it hands the work to another thread.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/json_writer.h"
#include "common/http/responder.h"

namespace tillrelay::http {

// Runs work that waits for the disk, on another thread; false when too much waits already.
using RunElsewhere = std::function<bool(std::function<void()>)>;

// Answers with what `work` returns, or 503 where it cannot be taken.
inline void RunOrRefuse(const RunElsewhere& run, const Responder& responder,
                        std::function<Response()> work) {
  if (run([responder, work = std::move(work)] { responder.Send(work()); })) return;
  Response busy = Problem(503, "busy", "Too much is going on; try again");
  busy.headers.Add("Retry-After", "5");
  responder.Send(std::move(busy));
}

// {"tokens": […]}: of each what `write` says, and when it was used last.
template <typename Token>
Response TokenList(const std::vector<Token>& tokens, void (*write)(const Token&, JsonWriter*),
                   std::string (*text)(WallTime)) {
  std::string body;
  JsonWriter json(&body);
  json.BeginObject().Key("tokens").BeginArray();
  for (const Token& token : tokens) {
    json.BeginObject();
    write(token, &json);
    json.Key("last_used_at");
    token.last_used_at ? json.String(text(*token.last_used_at)) : json.Null();
    json.EndObject();
  }
  json.EndArray().EndObject();
  return Json(std::move(body));
}

}  // namespace tillrelay::http
