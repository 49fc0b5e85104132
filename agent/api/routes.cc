#include "agent/web/status_sources.h"

#include <fmt/format.h>

#include "agent/api/metrics.h"
#include "agent/monitor/status_json.h"
#include "agent/web/assets.h"
#include "agent/web/live.h"
#include "agent/web/page_routes.h"
#include "common/base/embed.h"

// TILLRELAY_API is the folder of the file, from CMakeLists.txt.
TILLRELAY_EMBED(tillrelay_openapi_admin, TILLRELAY_API "/admin.json");

namespace tillrelay::api {
namespace {

using http::Request;
using http::Responder;
using http::Response;

Response AssetAnswer(const Request& request) {
  const Asset* asset = FindAsset(request.Param("name"));
  if (asset == nullptr) return http::Problem(404, "not-found", "There is nothing at this path");
  Response response;
  response.headers.Add("ETag", asset->etag);
  response.headers.Add("Cache-Control", "no-cache");  // kept, but asked about by its ETag
  if (request.Header("If-None-Match") == asset->etag) {
    response.status = 304;
    return response;
  }
  response.content_type = asset->content_type;
  response.body = asset->bytes;
  return response;
}

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

void AddRoutes(http::Router& router, StatusSources queries) {
  const auto get = [&router](std::string_view path,
                             std::function<Response(const Request&)> answer) {
    router.Add("GET", path, [answer](Request&& request, Responder responder) {
      responder.Send(Secured(answer(request)));
    });
  };
  AddPageRoutes(router, queries);
  AddLiveRoute(router, queries.snapshot, queries.faces);
  get("/assets/{name}", AssetAnswer);
  get("/v1/status", [queries](const Request&) {
    return http::Json(monitor::StatusJson(queries.snapshot(), queries.faces.time));
  });
  get("/healthz", [](const Request&) { return http::Text(200, "ok\n"); });
  get("/readyz", [queries](const Request&) { return Readiness(queries.snapshot()); });
  get("/metrics", [queries](const Request&) { return Metrics(queries.snapshot()); });
  for (const char* path : {"/openapi.json", "/api/openapi.json"}) {
    get(path, [](const Request&) {
      return http::Json(
          std::string(Embedded(tillrelay_openapi_admin, tillrelay_openapi_admin_end)));
    });
  }
}

}  // namespace tillrelay::api
