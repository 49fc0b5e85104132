// What: POST /v1/events for the registers, and GET /openapi.json that describes it.
// Promise: 200 only after the commit; every refusal is a problem document with a stable type that
//   says where, what and what to do. Who may not send, and what is not understood anyway, is
//   refused before its body is taken.
// Thread: http. Answers come from the journal thread through the Responder.
#pragma once

#include "agent/capture/intake.h"
#include "agent/capture/intake_auth.h"
#include "common/http/router.h"

namespace tillrelay::capture {

class HttpIntake {
 public:
  // `intake` null: the agent has no store id yet and refuses. `guard` null: nobody is asked.
  HttpIntake(Intake* intake, IntakeAuth* guard, Counters* counters)
      : intake_(intake), guard_(guard), counters_(*counters) {}
  // Pages of other sites may send: browsers are answered when they ask for it. Before AddRoutes.
  void TakePages() { takes_pages_ = true; }
  // The routes, and the router's gate.
  void AddRoutes(http::Router* router);

 private:
  std::optional<http::Response> Authorize(http::Request& request);
  void Post(http::Request&& request, const http::Responder& responder);
  http::Response Refused(http::Response response);

  Intake* intake_;
  IntakeAuth* guard_;
  Counters& counters_;
  bool takes_pages_ = false;
};

}  // namespace tillrelay::capture
