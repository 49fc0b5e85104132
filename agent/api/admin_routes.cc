#include "agent/api/admin_routes.h"

#include <fmt/format.h>

#include "agent/api/admin_answers.h"
#include "agent/api/admin_json.h"
#include "agent/api/event_export.h"
#include "agent/api/parameters.h"
#include "common/event/kind.h"

namespace tillrelay::api {
namespace {

using http::Request;
using http::Responder;

void Events(const std::shared_ptr<admin::Admin>& admin, const Request& request,
            const Responder& responder) {
  Parameters parameters(request);
  admin::EventFilter filter;
  filter.after = parameters.Number("after");
  filter.before = parameters.Number("before");
  filter.limit = parameters.Limit();
  filter.register_id = parameters.Text("register");
  filter.number = parameters.Text("number");
  filter.business_day = parameters.Day("business_day");
  filter.kind = parameters.Text("kind");
  if (!filter.kind.empty() && !event::ParseKind(filter.kind)) {
    parameters.Wrong("kind", fmt::format("one of {}", fmt::join(event::kKindWords, ", ")));
  }
  filter.text = parameters.Text("text");
  filter.id = parameters.Text("id");
  const bool csv = parameters.WantsCsv();
  const auto rows = parameters.Number("limit");
  if (auto problem = parameters.Problem()) return responder.Send(*std::move(problem));
  if (csv) return ExportEvents(admin, std::move(filter), rows, responder);
  admin->FindEvents(std::move(filter), Answering<admin::EventPage>(responder, EventsJson));
}

}  // namespace

void AddReadingRoutes(http::Router& router, const std::shared_ptr<admin::Admin>& admin) {
  router.TakeParameters("/v1/events", {"after", "before", "limit", "register", "number",
                                       "business_day", "kind", "text", "id", "format"});
  router.TakeParameters("/v1/audit", {"before", "limit"});
  AddDiagnosticsRoutes(router, admin);
  AddIssueReadingRoute(router, admin);
  const auto get = [&router](std::string_view path,
                             std::function<void(const Request&, const Responder&)> answer) {
    router.Add("GET", path,
               [answer](Request&& request, Responder responder) { answer(request, responder); });
  };
  get("/v1/events", [admin](const Request& request, const Responder& responder) {
    Events(admin, request, responder);
  });
  get("/v1/events/{id}", [admin](const Request& request, const Responder& responder) {
    admin->OneEvent(std::string(request.Param("id")),
                    Answering<admin::EventRow>(responder, EventJson));
  });
  AddQuarantineReadingRoutes(router, admin);
  get("/v1/registers", [admin](const Request&, const Responder& responder) {
    responder.Send(Secured(http::Json(RegistersJson(admin->Registers()))));
  });
  AddDayRoutes(router, admin);
  AddReplayReadingRoutes(router, admin);
  get("/v1/audit", [admin](const Request& request, const Responder& responder) {
    Parameters parameters(request);
    const uint64_t before = parameters.Number("before").value_or(0);
    const size_t limit = parameters.Limit();
    if (auto problem = parameters.Problem()) return responder.Send(*std::move(problem));
    admin->Audit(before, limit, Answering<std::vector<journal::AuditRow>>(responder, AuditJson));
  });
}

void AddChangingRoutes(http::Router& router, const std::shared_ptr<admin::Admin>& admin) {
  AddQuarantineOrderRoutes(router, admin);
  AddReplayOrderRoute(router, admin);
  AddIssueOrderRoute(router, admin);
  const struct {
    std::string_view path;
    admin::Admin::Delivery what;
  } deliveries[] = {{"/v1/delivery/pause", admin::Admin::Delivery::kPause},
                    {"/v1/delivery/resume", admin::Admin::Delivery::kResume},
                    {"/v1/delivery/retry", admin::Admin::Delivery::kRetry}};
  for (const auto& [path, what] : deliveries) {
    router.Add("POST", path, [admin, what = what](Request&& request, Responder responder) {
      const Status done = admin->Deliver(what, ActorOf(request));
      responder.Send(Secured(done.ok() ? http::Json("{\"done\":true}") : FromStatus(done)));
    });
  }
}

void AddReloadRoute(http::Router& router, std::function<void(const http::Responder&)> ask) {
  router.Add("POST", "/v1/reload",
             [ask = std::move(ask)](Request&&, Responder responder) { ask(responder); });
}

}  // namespace tillrelay::api
