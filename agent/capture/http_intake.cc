#include "agent/capture/http_intake.h"

#include <fmt/format.h>

#include "agent/capture/receipt_json.h"
#include "common/base/embed.h"
#include "common/base/json_writer.h"
#include "common/base/text.h"
#include "common/http/request_rules.h"

// TILLRELAY_API is the folder of the file, from CMakeLists.txt.
TILLRELAY_EMBED(tillrelay_openapi_intake, TILLRELAY_API "/intake.json");

namespace tillrelay::capture {
namespace {

constexpr std::string_view kEvents = "/v1/events";

constexpr size_t kMaxRequestIdBytes = 128;

// What a trial tells beside the answer.
struct Explained {
  std::vector<std::string> understood;  // by result
  std::vector<std::string> not_read;    // columns, members and elements that nobody reads
};

std::string AnswerBody(const Answer& answer, const Explained& explained) {
  std::string body;
  JsonWriter json(&body);
  json.BeginObject().Key("results").Raw(ExplainedJson(answer.receipts, explained.understood));
  json.Field("stored", static_cast<uint64_t>(answer.stored))
      .Field("duplicate", static_cast<uint64_t>(answer.duplicate))
      // A sender that does not know `refused` must not take the whole for done.
      .Field("quarantined", static_cast<uint64_t>(answer.quarantined + answer.refused));
  if (answer.refused > 0) json.Field("refused", static_cast<uint64_t>(answer.refused));
  if (!explained.not_read.empty()) {
    json.Key("not_read").BeginArray();
    for (const std::string& heading : explained.not_read) json.String(heading);
    json.EndArray();
  }
  json.EndObject();
  return body;
}

http::Response TryLater(std::string_view word, std::string_view detail, int seconds = 5) {
  http::Response response =
      http::Problem(503, word, "Nothing was stored; send it again later", detail);
  response.headers.Add("Retry-After", std::to_string(seconds));
  return response;
}

// A journal that has failed is not full.
http::Response FromStatus(const Status& status, const Intake& intake) {
  if (status.code() == Code::kBusy) return TryLater("busy", status.message(), 1);
  const bool full = status.code() == Code::kFull && !intake.Failed();
  return TryLater(full ? "full" : "unavailable", status.message());
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

// The profile that the content type names; null if there is none.
const formats::CsvProfile* CsvOf(const Intake& intake, const http::Request& request) {
  return formats::CsvByName(intake.csv(), formats::CsvProfileOf(request.content_type));
}

std::optional<http::Response> CheckType(const Intake& intake, const http::Request& request) {
  const auto format = formats::ByContentType(request.content_type);
  if (!format) {
    return http::Problem(415, "content-type", "This content type is not understood",
                         "send application/json, application/x-ndjson, application/xml, "
                         "application/cloudevents+json, application/cloudevents-batch+json, "
                         "application/vnd.gs1.epcis+json or text/csv; profile=NAME");
  }
  if (*format == formats::Format::kCsv && CsvOf(intake, request) == nullptr) {
    return http::Problem(415, "content-type", "No such CSV profile is configured",
                         "send text/csv; profile=NAME with a NAME that the configuration has as "
                         "[drop_folder.csv.NAME]");
  }
  return std::nullopt;
}

// One who speaks for a register may send only what that register has done.
std::optional<http::Response> CheckRegisters(const DecodedDocument& prepared,
                                             std::string_view subject) {
  for (size_t i = 0; i < prepared.entries.size(); ++i) {
    const auto* draft = std::get_if<event::Draft>(&prepared.entries[i]);
    if (draft == nullptr || SpeaksFor(subject, draft->register_id)) continue;
    return http::Problem(403, "not-this-register", "A document names another register",
                         fmt::format("document {} is of register {}, the sender may speak for "
                                     "register {} only; nothing was stored",
                                     i + 1, draft->register_id, subject),
                         fmt::format("\"document\":{}", i + 1));
  }
  return std::nullopt;
}

}  // namespace

void HttpIntake::AddRoutes(http::Router* router) {
  router->Add("POST", kEvents, [this](http::Request&& request, http::Responder responder) {
    Post(std::move(request), responder);
  });
  router->Add("GET", "/openapi.json", [](http::Request&&, http::Responder responder) {
    responder.Send(
        http::Json(std::string(Embedded(tillrelay_openapi_intake, tillrelay_openapi_intake_end))));
  });
  if (takes_pages_) {
    router->Add("OPTIONS", kEvents, [](http::Request&& request, http::Responder responder) {
      responder.Send(http::PreflightAnswer(request));
    });
  }
  // What is misspelt must not store what was to be tried.
  router->TakeParameters(kEvents, {"dry_run"});
  router->RefuseUnknownParameters();
  router->SetAuthorizer([this](http::Request& request) { return Authorize(request); });
}

http::Response HttpIntake::Refused(http::Response response) {
  counters_.Change([](CaptureStats* stats) { ++stats->http_refused; });
  return response;
}

std::optional<http::Response> HttpIntake::Authorize(http::Request& request) {
  if (request.path != kEvents || request.method == "OPTIONS") return std::nullopt;
  auto refusal = guard_ == nullptr ? std::nullopt : guard_->Admit(request);
  if (!refusal && intake_ == nullptr) {
    refusal = TryLater("not-configured", "this server has no store_id yet");
  }
  if (!refusal) refusal = CheckType(*intake_, request);
  if (!refusal) {
    request.memory_factor = formats::MemoryFactor(*formats::ByContentType(request.content_type));
  }
  if (refusal) return Refused(std::move(*refusal));
  return std::nullopt;
}

// The gate has let the request in: its content type is one of ours.
void HttpIntake::Post(http::Request&& request, const http::Responder& responder) {
  const auto format = formats::ByContentType(request.content_type);
  CHECK(intake_ != nullptr && format.has_value());
  const std::string dry = request.Query("dry_run").value_or("false");
  const bool dry_run = dry == "true";
  if (!dry_run && dry != "false") {
    return responder.Send(Refused(http::Problem(
        400, "bad-parameter", "A query parameter is not understood", "dry_run is true or false")));
  }
  const std::string key(request.Header("Idempotency-Key").substr(0, kMaxRequestIdBytes));
  Document document{*format, "http", Printable(key, kMaxRequestIdBytes), std::move(request.body),
                    *format == formats::Format::kCsv ? CsvOf(*intake_, request) : nullptr};
  document.explain = dry_run;
  document.encoding = formats::EncodingNamed(formats::CharsetOf(request.content_type));
  document.sender = request.sender;
  document.memory = request.memory.get();
  DecodedDocument prepared = intake_->Prepare(&document);
  if (prepared.no_memory) return responder.Send(Refused(TryLater("busy", "no memory for it now")));
  const auto syntax = prepared.syntax;
  if (!syntax && prepared.entries.empty()) {
    return responder.Send(Refused(http::Problem(400, "empty", "The document holds no event")));
  }
  if (auto foreign = CheckRegisters(prepared, request.subject)) {
    return responder.Send(Refused(std::move(*foreign)));
  }
  Explained explained;
  if (dry_run) explained = {UnderstoodIn(prepared.entries), prepared.not_read};
  auto done = [this, responder, syntax, key, dry_run, memory = std::move(request.memory),
               explained = std::move(explained)](Result<Answer> result) {
    if (!result.ok() && !syntax)
      return responder.Send(Refused(FromStatus(result.status(), *intake_)));
    if (syntax) {
      const bool kept = result.ok() && !dry_run;
      return responder.Send(Refused(SyntaxProblem(*syntax, kept ? &*result : nullptr)));
    }
    http::Response response = http::Json(AnswerBody(*result, explained));
    if (result->refused > 0) response.headers.Add("Retry-After", "60");
    if (!key.empty()) response.headers.Add("Idempotency-Key", key);
    responder.Send(std::move(response));
  };
  const Status submitted = dry_run ? intake_->Try(std::move(prepared), done)
                                   : intake_->Submit(std::move(prepared), std::nullopt, done);
  if (!submitted.ok()) done(submitted);
}

}  // namespace tillrelay::capture
