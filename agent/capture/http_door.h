// What: POST /v1/events: the registers' door over HTTP.
// Promise: 200 only after the commit; every refusal is a problem document with a stable type that
//   says where, what and what to do.
// Thread: http. Answers come from the journal thread through the Responder.
#pragma once

#include "agent/capture/intake.h"
#include "common/http/router.h"

namespace tillrelay::capture {

class HttpDoor {
 public:
  // `intake` null: the agent has no store id yet and refuses.
  HttpDoor(Intake* intake, Counters* counters) : intake_(intake), counters_(*counters) {}
  void AddRoutes(http::Router* router);

 private:
  void Post(http::Request&& request, const http::Responder& responder);
  void Refuse(const http::Responder& responder, http::Response response);

  Intake* intake_;
  Counters& counters_;
};

}  // namespace tillrelay::capture
