// Business days over HTTP: the list, and one register's day as a sheet.
#include "agent/api/admin_answers.h"
#include "agent/api/admin_json.h"
#include "agent/api/admin_routes.h"
#include "agent/api/csv_export.h"
#include "agent/api/parameters.h"
#include "common/event/time_text.h"

namespace tillrelay::api {
namespace {

using http::Request;
using http::Responder;

void Days(admin::Admin& admin, const Request& request, const Responder& responder) {
  using Rows = std::vector<admin::DayRow>;
  Parameters parameters(request);
  const bool csv = parameters.WantsCsv();
  const std::string from = parameters.Day("from"), through = parameters.Day("through");
  if (auto problem = parameters.Problem()) return responder.Send(*std::move(problem));
  admin.Days(from, through,
             csv ? AnsweringCsv<Rows>(responder, "days.csv", DaysCsv)
                 : Answering<Rows>(responder, DaysJson));
}

void Sheet(admin::Admin& admin, const Request& request, const Responder& responder) {
  Parameters parameters(request);
  const bool csv = parameters.WantsCsv();
  const std::string day(request.Param("day")), register_id(request.Param("register"));
  if (auto problem = parameters.Problem()) return responder.Send(*std::move(problem));
  if (!event::IsDay(day)) {
    return responder.Send(Secured(FromStatus(NotFound("a day is written like 2026-11-21"))));
  }
  admin.Sheet(day, register_id,
              csv ? AnsweringCsv<admin::DaySheet>(responder, "day-" + day + ".csv", SheetCsv)
                  : Answering<admin::DaySheet>(responder, SheetJson));
}

}  // namespace

void AddDayRoutes(http::Router& router, const std::shared_ptr<admin::Admin>& admin) {
  router.TakeParameters("/v1/days", {"from", "through", "format"});
  router.TakeParameters("/v1/days/{day}/{register}", {"format"});
  router.Add("GET", "/v1/days", [admin](Request&& request, const Responder& responder) {
    Days(*admin, request, responder);
  });
  router.Add("GET", "/v1/days/{day}/{register}",
             [admin](Request&& request, const Responder& responder) {
               Sheet(*admin, request, responder);
             });
}

}  // namespace tillrelay::api
