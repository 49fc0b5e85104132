// Documents in quarantine over HTTP: the list, one ticket, and what is done with one or many.
#include <cstdint>

#include "agent/admin/reason.h"
#include "agent/admin/resolve_many.h"
#include "agent/admin/ticket_json.h"
#include "agent/admin/ticket_list.h"
#include "agent/api/admin_answers.h"
#include "agent/api/admin_json.h"
#include "agent/api/admin_routes.h"
#include "agent/api/csv_export.h"
#include "agent/api/parameters.h"
#include "common/base/json_reader.h"

namespace tillrelay::api {
namespace {

using http::Request;
using http::Responder;

void List(admin::Admin& admin, const Request& request, const Responder& responder) {
  Parameters parameters(request);
  admin::TicketFilter filter;
  filter.before = parameters.Number("before").value_or(0);
  filter.skip = parameters.Number("skip").value_or(0);
  filter.limit = parameters.Limit();
  filter.reason = parameters.Text("reason");
  filter.register_id = parameters.Text("register");
  filter.text = parameters.Text("text");
  const auto order = admin::ParseTicketOrder(request.Query("order").value_or("newest"));
  if (!order) parameters.Wrong("order", "newest, oldest, reason or register");
  filter.order = order.value_or(admin::TicketOrder::kNewest);
  const bool csv = parameters.WantsCsv();
  // The whole list, which the quarantine's own settings bound, or as many as were asked for.
  if (csv) filter.limit = parameters.Number("limit").value_or(SIZE_MAX);
  if (auto problem = parameters.Problem()) return responder.Send(*std::move(problem));
  admin.Tickets(std::move(filter),
                csv ? AnsweringCsv<admin::TicketPage>(responder, "quarantine.csv", TicketsCsv)
                    : Answering<admin::TicketPage>(responder, QuarantineJson));
}

void One(admin::Admin& admin, const Request& request, const Responder& responder) {
  uint64_t ticket = 0;
  if (!ReadUnsigned(request.Param("ticket"), &ticket)) {
    return responder.Send(Secured(FromStatus(NotFound("a ticket is a number"))));
  }
  admin.Ticket(ticket, Answering<admin::QuarantineRow>(responder, admin::TicketJson));
}

// {"reason":"...", "document":"..."|{...}, "content_type":"..."}: all optional here.
// `restarted` says once.
Status ReadRestarts(JsonValue body, int* restarts) {
  constexpr uint64_t kMost = 8;
  if (body.Find("restarted").is_true()) *restarts = 1;
  const JsonValue often = body.Find("restarts");
  if (!often) return Status::Ok();
  uint64_t number = 0;
  if (!often.is_number() || !ReadUnsigned(often.text(), &number) || number < 1 || number > kMost) {
    return Invalid("restarts is a number from 1 to 8");
  }
  *restarts = static_cast<int>(number);
  return Status::Ok();
}

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
  if (way == admin::Resolution::Way::kRetry) TRY(ReadRestarts(*root, &resolution.restarts));
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

// {"tickets":[17,18],"reason":"..."}; the reason may be missing of a retry.
Result<admin::BulkOrder> ReadBulk(Request& request, admin::Resolution::Way way) {
  JsonParser parser;
  auto root = parser.Parse(request.body);
  if (!root.ok() || !root->is_object()) {
    return Invalid("the body is a JSON object such as {\"tickets\": [17, 18]}");
  }
  admin::BulkOrder order{{}, way, std::string(root->String("reason")), ActorOf(request)};
  TRY(admin::CheckReason(way, &order.reason));
  const JsonValue tickets = root->Find("tickets");
  if (!tickets.is_array() || tickets.size() == 0 || tickets.size() > admin::kMaxBulk) {
    return Invalid("tickets: a list of 1 to " + std::to_string(admin::kMaxBulk) + " numbers");
  }
  for (const JsonValue ticket : tickets) {
    uint64_t number = 0;
    if (!ticket.is_number() || !ReadUnsigned(ticket.text(), &number)) {
      return Invalid("tickets: whole numbers");
    }
    order.tickets.push_back(number);
  }
  return order;
}

}  // namespace

void AddQuarantineReadingRoutes(http::Router& router, const std::shared_ptr<admin::Admin>& admin) {
  router.TakeParameters("/v1/quarantine", {"before", "skip", "limit", "reason", "register", "text",
                                           "order", "format"});
  router.Add("GET", "/v1/quarantine", [admin](Request&& request, const Responder& responder) {
    List(*admin, request, responder);
  });
  router.Add(
      "GET", "/v1/quarantine/{ticket}",
      [admin](Request&& request, const Responder& responder) { One(*admin, request, responder); });
}

void AddQuarantineOrderRoutes(http::Router& router, const std::shared_ptr<admin::Admin>& admin) {
  using Way = admin::Resolution::Way;
  const std::pair<std::string, Way> ways[] = {
      {"retry", Way::kRetry}, {"resubmit", Way::kResubmit}, {"discard", Way::kDiscard}};
  for (const auto& [word, way] : ways) {
    router.Add("POST", "/v1/quarantine/{ticket}/" + word,
               [admin, way = way](Request&& request, const Responder& responder) {
                 auto resolution = ReadResolution(request, way);
                 if (!resolution.ok()) {
                   return responder.Send(Secured(FromStatus(resolution.status())));
                 }
                 admin->Resolve(*std::move(resolution),
                                Answering<admin::Resolved>(responder, ResolvedJson));
               });
    if (way == Way::kResubmit) continue;
    router.Add("POST", "/v1/quarantine/" + word,
               [admin, way = way](Request&& request, const Responder& responder) {
                 auto order = ReadBulk(request, way);
                 if (!order.ok()) return responder.Send(Secured(FromStatus(order.status())));
                 admin::ResolveMany(admin, *std::move(order),
                                    Answering<admin::BulkOutcome>(responder, BulkJson));
               });
  }
}

}  // namespace tillrelay::api
