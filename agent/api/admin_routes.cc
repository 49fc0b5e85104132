#include "agent/api/admin_routes.h"

#include "agent/admin/reason.h"
#include "agent/api/admin_answers.h"
#include "agent/api/admin_json.h"
#include "common/base/json_reader.h"

namespace tillrelay::api {
namespace {

using http::Request;
using http::Responder;
using http::Response;

constexpr uint64_t kDefaultLimit = 100;

// Query parameters as numbers; the first that is none is remembered.
class Parameters {
 public:
  explicit Parameters(const Request& request) : request_(request) {}
  std::optional<uint64_t> Number(const char* name) {
    const auto text = request_.Query(name);
    if (!text) return std::nullopt;
    uint64_t number = 0;
    if (!ReadUnsigned(*text, &number)) {
      if (wrong_.empty()) wrong_ = name;
      return std::nullopt;
    }
    return number;
  }
  std::string Text(const char* name) const { return request_.Query(name).value_or(""); }
  size_t Limit() { return std::min(Number("limit").value_or(kDefaultLimit), kMaxLimit); }
  // A problem if a parameter was no number.
  std::optional<Response> Problem() const {
    if (wrong_.empty()) return std::nullopt;
    return http::Problem(400, "bad-parameter", "A query parameter is not understood",
                         wrong_ + " is a whole number");
  }

 private:
  const Request& request_;
  std::string wrong_;
};

void Events(admin::Admin& admin, const Request& request, const Responder& responder) {
  Parameters parameters(request);
  admin::EventFilter filter;
  filter.after = parameters.Number("after");
  filter.before = parameters.Number("before");
  filter.limit = parameters.Limit();
  filter.register_id = parameters.Text("register");
  filter.number = parameters.Text("number");
  filter.business_day = parameters.Text("business_day");
  filter.kind = parameters.Text("kind");
  filter.text = parameters.Text("text");
  filter.id = parameters.Text("id");
  if (auto problem = parameters.Problem()) return responder.Send(Secured(*std::move(problem)));
  admin.FindEvents(std::move(filter), Answering<admin::EventPage>(responder, EventsJson));
}

// {"reason":"...", "document":"..."|{...}, "content_type":"..."}: all optional here.
Result<admin::Resolution> ReadResolution(Request& request, admin::Resolution::Way way) {
  admin::Resolution resolution;
  resolution.way = way;
  resolution.actor = ActorOf(request);
  if (!ReadUnsigned(request.Param("ticket"), &resolution.ticket)) {
    return NotFound("a ticket is a number");
  }
  if (request.body.empty() && way == admin::Resolution::Way::kRetry) return resolution;
  JsonParser parser;
  auto root = parser.Parse(request.body);
  if (!root.ok() || !root->is_object()) {
    return Invalid("the body is a JSON object such as {\"reason\": \"...\"}");
  }
  resolution.reason = root->String("reason");
  resolution.restarted = way == admin::Resolution::Way::kRetry && root->Find("restarted").is_true();
  resolution.content_type = root->String("content_type");
  const JsonValue document = root->Find("document");
  resolution.document = document.text();  // a string's text, or the object as it stands
  if (resolution.content_type.empty() && !document.is_string()) {
    resolution.content_type = "application/json";
  }
  TRY(admin::CheckReason(way, &resolution.reason));
  if (way == admin::Resolution::Way::kResubmit && resolution.document.empty()) {
    return Invalid("document: send the corrected document");
  }
  return resolution;
}

}  // namespace

void AddReadingRoutes(http::Router& router, const std::shared_ptr<admin::Admin>& admin) {
  AddDiagnosticsRoutes(router, admin);
  AddIssueReadingRoute(router, admin);
  const auto get = [&router](std::string_view path,
                             std::function<void(const Request&, const Responder&)> answer) {
    router.Add("GET", path,
               [answer](Request&& request, Responder responder) { answer(request, responder); });
  };
  get("/v1/events", [admin](const Request& request, const Responder& responder) {
    Events(*admin, request, responder);
  });
  get("/v1/events/{id}", [admin](const Request& request, const Responder& responder) {
    admin->OneEvent(std::string(request.Param("id")),
                    Answering<admin::EventRow>(responder, EventJson));
  });
  get("/v1/quarantine", [admin](const Request& request, const Responder& responder) {
    Parameters parameters(request);
    const uint64_t before = parameters.Number("before").value_or(0);
    const size_t limit = parameters.Limit();
    if (auto problem = parameters.Problem()) return responder.Send(Secured(*std::move(problem)));
    admin->Quarantine(before, limit,
                      Answering<std::vector<admin::QuarantineRow>>(responder, QuarantineJson));
  });
  get("/v1/quarantine/{ticket}", [admin](const Request& request, const Responder& responder) {
    uint64_t ticket = 0;
    if (!ReadUnsigned(request.Param("ticket"), &ticket)) {
      return responder.Send(Secured(FromStatus(NotFound("a ticket is a number"))));
    }
    admin->Ticket(ticket, Answering<admin::QuarantineRow>(responder, TicketJson));
  });
  get("/v1/registers", [admin](const Request&, const Responder& responder) {
    responder.Send(Secured(http::Json(RegistersJson(admin->Registers()))));
  });
  get("/v1/days", [admin](const Request& request, const Responder& responder) {
    admin->Days(request.Query("from").value_or(""), request.Query("through").value_or(""),
                Answering<std::vector<admin::DayRow>>(responder, DaysJson));
  });
  AddReplayReadingRoutes(router, admin);
  get("/v1/audit", [admin](const Request& request, const Responder& responder) {
    Parameters parameters(request);
    const uint64_t before = parameters.Number("before").value_or(0);
    const size_t limit = parameters.Limit();
    if (auto problem = parameters.Problem()) return responder.Send(Secured(*std::move(problem)));
    admin->Audit(before, limit, Answering<std::vector<admin::AuditRow>>(responder, AuditJson));
  });
}

void AddChangingRoutes(http::Router& router, const std::shared_ptr<admin::Admin>& admin) {
  const struct {
    std::string_view path;
    admin::Resolution::Way way;
  } resolutions[] = {{"/v1/quarantine/{ticket}/retry", admin::Resolution::Way::kRetry},
                     {"/v1/quarantine/{ticket}/resubmit", admin::Resolution::Way::kResubmit},
                     {"/v1/quarantine/{ticket}/discard", admin::Resolution::Way::kDiscard}};
  for (const auto& [path, way] : resolutions) {
    router.Add("POST", path, [admin, way = way](Request&& request, Responder responder) {
      auto resolution = ReadResolution(request, way);
      if (!resolution.ok()) return responder.Send(Secured(FromStatus(resolution.status())));
      admin->Resolve(*std::move(resolution), Answering<admin::Resolved>(responder, ResolvedJson));
    });
  }
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
