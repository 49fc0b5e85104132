// What needs a person, over HTTP.
#include "agent/admin/reason.h"
#include "agent/api/admin_answers.h"
#include "agent/api/admin_json.h"
#include "agent/api/admin_routes.h"
#include "common/base/json_reader.h"

namespace tillrelay::api {
namespace {

using http::Request;
using http::Responder;

// {"issue":"day/2026-11-28/03","note":"..."}
Result<admin::Acknowledgement> ReadAcknowledgement(Request& request) {
  JsonParser parser;
  auto root = parser.Parse(request.body);
  if (!root.ok() || !root->is_object()) {
    return Invalid("the body is a JSON object such as {\"issue\": \"...\", \"note\": \"...\"}");
  }
  admin::Acknowledgement acknowledgement{std::string(root->String("issue")),
                                         std::string(root->String("note")), ActorOf(request)};
  if (acknowledgement.issue.empty()) return Invalid("issue: say which, as GET /v1/issues names it");
  TRY(admin::CheckNote(&acknowledgement.note));
  return acknowledgement;
}

void Issues(admin::Admin& admin, const Request& request, const Responder& responder) {
  const std::string state = request.Query("state").value_or("unsettled");
  if (state != "unsettled" && state != "all") {
    return responder.Send(Secured(http::Problem(
        400, "bad-parameter", "A query parameter is not understood", "state: unsettled or all")));
  }
  responder.Send(Secured(http::Json(IssuesJson(admin.Issues(state == "all")))));
}

void Acknowledge(admin::Admin& admin, Request& request, const Responder& responder) {
  auto acknowledgement = ReadAcknowledgement(request);
  const Status done = acknowledgement.ok() ? admin.Acknowledge(*std::move(acknowledgement))
                                           : acknowledgement.status();
  responder.Send(Secured(done.ok() ? http::Json("{\"done\":true}") : FromStatus(done)));
}

}  // namespace

void AddIssueReadingRoute(http::Router& router, const std::shared_ptr<admin::Admin>& admin) {
  router.TakeParameters("/v1/issues", {"state"});
  router.Add("GET", "/v1/issues", [admin](Request&& request, const Responder& responder) {
    Issues(*admin, request, responder);
  });
}

void AddIssueOrderRoute(http::Router& router, const std::shared_ptr<admin::Admin>& admin) {
  router.Add("POST", "/v1/issues/acknowledge",
             [admin](Request&& request, const Responder& responder) {
               Acknowledge(*admin, request, responder);
             });
}

}  // namespace tillrelay::api
