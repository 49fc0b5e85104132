#include "agent/api/status_routes.h"

#include <fmt/format.h>

#include "agent/api/metrics.h"
#include "agent/monitor/diagnosis.h"
#include "agent/monitor/status_json.h"
#include "common/base/embed.h"
#include "common/web/security_headers.h"

// TILLRELAY_API is the folder of the file, from CMakeLists.txt.
TILLRELAY_EMBED(tillrelay_openapi_admin, TILLRELAY_API "/admin.json");

namespace tillrelay::api {
namespace {

using http::Request;
using http::Responder;
using http::Response;

Response Readiness(const monitor::Snapshot& snapshot) {
  const auto refusal = monitor::IntakeRefusal(snapshot);
  if (!refusal) return http::Text(200, "ready\n");
  return http::Text(503, fmt::format("{}\n", *refusal));
}

Response Metrics(const monitor::Snapshot& snapshot) {
  Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = MetricsText(snapshot);
  return response;
}

}  // namespace

void AddStatusRoutes(http::Router& router, const std::function<monitor::Snapshot()>& snapshot,
                     const monitor::TimeText& time_text) {
  const auto get = [&router](std::string_view path,
                             std::function<Response(const Request&)> answer) {
    router.Add("GET", path, [answer](Request&& request, Responder responder) {
      responder.Send(Secured(answer(request)));
    });
  };
  get("/v1/status", [snapshot, time_text](const Request&) {
    return http::Json(monitor::StatusJson(snapshot(), time_text));
  });
  get("/healthz", [](const Request&) { return http::Text(200, "ok\n"); });
  get("/readyz", [snapshot](const Request&) { return Readiness(snapshot()); });
  get("/metrics", [snapshot](const Request&) { return Metrics(snapshot()); });
  for (const char* path : {"/healthz", "/readyz", "/metrics"}) router.TakeAnyParameters(path);
  for (const char* path : {"/openapi.json", "/api/openapi.json"}) {
    get(path, [](const Request&) {
      return http::Json(
          std::string(Embedded(tillrelay_openapi_admin, tillrelay_openapi_admin_end)));
    });
  }
}

}  // namespace tillrelay::api
