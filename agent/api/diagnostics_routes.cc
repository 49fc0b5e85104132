// History, log, system and the support bundle over HTTP.
#include "agent/api/admin_answers.h"
#include "agent/api/admin_routes.h"
#include "agent/api/diagnostics_json.h"

namespace tillrelay::api {
namespace {

using http::Request;
using http::Responder;

constexpr size_t kMaxLines = 500;
constexpr size_t kLines = 200;

void History(admin::Admin& admin, const Request& request, const Responder& responder) {
  std::string range = request.Query("range").value_or("24h");
  if (FindHistoryRange(range) == nullptr) {
    return responder.Send(Secured(http::Problem(
        400, "bad-parameter", "A query parameter is not understood", "range: 1h, 24h, 7d or 90d")));
  }
  admin.History(std::move(range), Answering<admin::HistoryTable>(responder, HistoryJson));
}

void Log(admin::Admin& admin, const Request& request, const Responder& responder) {
  const std::string level = request.Query("level").value_or("info");
  uint64_t limit = kLines;
  const auto wanted = request.Query("limit");
  const bool known = level == "info" || level == "warning" || level == "error";
  if (!known || (wanted && !ReadUnsigned(*wanted, &limit))) {
    return responder.Send(
        Secured(http::Problem(400, "bad-parameter", "A query parameter is not understood",
                              "level: info, warning or error; limit")));
  }
  responder.Send(
      Secured(http::Json(LogJson(admin.Log(level, std::min<uint64_t>(limit, kMaxLines))))));
}

void Bundle(admin::Admin& admin, const Responder& responder) {
  admin.SupportBundle([responder](Result<std::string> archive) {
    if (!archive.ok()) return responder.Send(Secured(FromStatus(archive.status())));
    http::Response response;
    response.content_type = "application/gzip";
    response.headers.Add("Content-Disposition",
                         "attachment; filename=\"tillrelay-support.tar.gz\"");
    response.body = *std::move(archive);
    responder.Send(Secured(std::move(response)));
  });
}

}  // namespace

void AddDiagnosticsRoutes(http::Router& router, const std::shared_ptr<admin::Admin>& admin) {
  router.TakeParameters("/v1/history", {"range"});
  router.TakeParameters("/v1/log", {"level", "limit"});
  router.Add("GET", "/v1/history", [admin](Request&& request, const Responder& responder) {
    History(*admin, request, responder);
  });
  router.Add("GET", "/v1/log", [admin](Request&& request, const Responder& responder) {
    Log(*admin, request, responder);
  });
  router.Add("GET", "/v1/system", [admin](Request&&, const Responder& responder) {
    responder.Send(Secured(http::Json(SystemJson(admin->System()))));
  });
  router.Add("GET", "/v1/support-bundle",
             [admin](Request&&, const Responder& responder) { Bundle(*admin, responder); });
}

}  // namespace tillrelay::api
