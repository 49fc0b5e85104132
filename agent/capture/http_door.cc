#include "agent/capture/http_door.h"

#include <fmt/format.h>

#include "agent/capture/receipt_json.h"
#include "common/base/json_writer.h"
#include "common/base/text.h"

namespace tillrelay::capture {
namespace {

constexpr size_t kMaxRequestIdBytes = 128;

std::string AnswerBody(const Answer& answer) {
  std::string body;
  JsonWriter json(&body);
  json.BeginObject().Key("results").Raw(ReceiptsJson(answer.receipts));
  json.Field("stored", static_cast<uint64_t>(answer.stored))
      .Field("duplicate", static_cast<uint64_t>(answer.duplicate))
      .Field("quarantined", static_cast<uint64_t>(answer.quarantined))
      .EndObject();
  return body;
}

http::Response TryLater(std::string_view word, std::string_view detail) {
  http::Response response =
      http::Problem(503, word, "Nothing was stored; send it again later", detail);
  response.headers.Add("Retry-After", "5");
  return response;
}

http::Response FromStatus(const Status& status) {
  return TryLater(status.code() == Code::kFull ? "full" : "unavailable", status.message());
}

http::Response SyntaxProblem(const formats::SyntaxError& error, const Answer* quarantined) {
  std::string members = fmt::format("\"offset\":{}", error.offset);
  if (!error.hint.empty()) {
    members += ",\"hint\":";
    JsonWriter(&members).String(error.hint);
  }
  if (quarantined != nullptr) {
    members += fmt::format(",\"ticket\":{}", quarantined->receipts.at(0).ticket);
  }
  return http::Problem(400, "not-syntax", "The document cannot be read",
                       fmt::format("byte {}: {}", error.offset, error.what), members);
}

}  // namespace

void HttpDoor::AddRoutes(http::Router* router) {
  router->Add("POST", "/v1/events", [this](http::Request&& request, http::Responder responder) {
    Post(std::move(request), responder);
  });
}

void HttpDoor::Refuse(const http::Responder& responder, http::Response response) {
  counters_.Change([](CaptureStats* stats) { ++stats->http_refused; });
  responder.Send(std::move(response));
}

void HttpDoor::Post(http::Request&& request, const http::Responder& responder) {
  if (intake_ == nullptr) {
    return Refuse(responder, TryLater("not-configured", "this server has no store_id yet"));
  }
  const auto format = formats::ByContentType(request.content_type);
  if (!format) {
    return Refuse(responder,
                  http::Problem(415, "content-type", "This content type is not understood",
                                "send application/json, application/x-ndjson, application/xml, "
                                "application/cloudevents+json, "
                                "application/cloudevents-batch+json, "
                                "application/vnd.gs1.epcis+json or "
                                "text/csv; profile=NAME"));
  }
  const formats::CsvProfile* csv = nullptr;
  if (*format == formats::Format::kCsv) {
    csv = formats::CsvByName(intake_->csv(), formats::CsvProfileOf(request.content_type));
    if (csv == nullptr) {
      return Refuse(responder,
                    http::Problem(415, "content-type", "No such CSV profile is configured",
                                  "send text/csv; profile=NAME with a NAME that the "
                                  "configuration has as [drop_folder.csv.NAME]"));
    }
  }
  const std::string key(request.Header("Idempotency-Key").substr(0, kMaxRequestIdBytes));
  Document document{*format, "http", Printable(key, kMaxRequestIdBytes), std::move(request.body),
                    csv};
  Prepared prepared = intake_->Prepare(&document);
  const auto syntax = prepared.syntax;
  if (!syntax && prepared.entries.empty()) {
    return Refuse(responder, http::Problem(400, "empty", "The document holds no event"));
  }
  const bool dry_run = request.Query("dry_run").value_or("") == "true";
  auto done = [this, responder, syntax, key, dry_run](Result<Answer> result) {
    if (!result.ok() && !syntax) return Refuse(responder, FromStatus(result.status()));
    if (syntax) {
      const bool kept = result.ok() && !dry_run;
      return Refuse(responder, SyntaxProblem(*syntax, kept ? &*result : nullptr));
    }
    if (!dry_run) {
      counters_.Change([&](CaptureStats* stats) {
        stats->http_stored += result->stored;
        stats->http_duplicate += result->duplicate;
        stats->http_quarantined += result->quarantined;
      });
    }
    http::Response response = http::Json(AnswerBody(*result));
    if (!key.empty()) response.headers.Add("Idempotency-Key", key);
    responder.Send(std::move(response));
  };
  const Status submitted = dry_run ? intake_->Try(std::move(prepared), done)
                                   : intake_->Submit(std::move(prepared), std::nullopt, done);
  if (!submitted.ok()) done(submitted);
}

}  // namespace tillrelay::capture
