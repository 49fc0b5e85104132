#include "agent/capture/token_routes.h"

#include <fmt/format.h>

#include "common/base/json_reader.h"
#include "common/base/json_writer.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/event/time_text.h"

namespace tillrelay::capture {
namespace {

using http::Problem;
using http::Request;
using http::Responder;
using http::Response;

constexpr size_t kMaxBodyBytes = 4 * 1024;

void WriteToken(const Token& token, JsonWriter* json) {
  json->Field("id", token.id);
  json->Key("register");
  token.register_id.empty() ? json->Null() : json->String(token.register_id);
  json->Field("created_at", token.created_at);
}

Response Listing(const TokenStore& book) {
  std::string body;
  JsonWriter json(&body);
  json.BeginObject().Key("tokens").BeginArray();
  for (const Token& token : book.List()) {
    json.BeginObject();
    WriteToken(token, &json);
    json.Key("last_used_at");
    token.last_used_at ? json.String(event::UtcText(*token.last_used_at)) : json.Null();
    json.EndObject();
  }
  json.EndArray().EndObject();
  return http::Json(std::move(body));
}

Response Failed(const Status& status) {
  if (status.code() == Code::kNotFound) {
    return Problem(404, "no-such-token", "There is no such token", "GET this list for their ids");
  }
  if (status.code() == Code::kFull) {
    return Problem(409, "too-many-tokens", "No further token can be kept", status.message());
  }
  log::Error("capture", "the tokens were not changed: {}", status.message());
  return Problem(503, "unavailable", "The tokens were not changed", status.message());
}

std::string Owner(const Token& token) {
  return token.register_id.empty() ? "any register" : "register " + token.register_id;
}

// The register that is asked for, empty for any; or why the body is not understood.
std::optional<Response> ReadWish(std::string body, std::string* register_id) {
  JsonParser parser;
  const auto root = parser.Parse(body);
  if (!root.ok()) {
    return Problem(400, "not-syntax", "The document cannot be read", parser.error().what,
                   fmt::format("\"offset\":{}", parser.error().offset));
  }
  const JsonValue named = root->Find("register");
  const bool any = root->Find("any").is_true();
  *register_id = named.text();
  const bool clear = root->is_object() && root->size() == 1 &&
                     (any || (named.is_string() && IsName(*register_id)));
  if (clear) return std::nullopt;
  return Problem(400, "bad-value", "It must be said for which register",
                 R"(send {"register":"03"} or {"any":true}; an id matches [A-Za-z0-9._-]{1,32})");
}

Response Add(TokenStore* book, const std::string& register_id, const std::string& remote) {
  auto issued = book->Add(register_id);
  if (!issued.ok()) return Failed(issued.status());
  log::Info("capture", "token {} for {} was added by {}", issued->token.id, Owner(issued->token),
            remote);
  Response response;
  response.status = 201;
  response.content_type = "application/json";
  JsonWriter json(&response.body);
  json.BeginObject();
  WriteToken(issued->token, &json);
  json.Field("token", issued->secret).EndObject();
  return response;
}

Response Remove(TokenStore* book, const std::string& id, const std::string& remote) {
  const auto removed = book->Remove(id);
  if (!removed.ok()) return Failed(removed.status());
  log::Info("capture", "token {} of {} was removed by {}", removed->id, Owner(*removed), remote);
  Response response;
  response.status = 204;
  return response;
}

void RunOrRefuse(const RunElsewhere& run, const Responder& responder,
                 std::function<Response()> work) {
  if (run([responder, work = std::move(work)] { responder.Send(work()); })) return;
  Response busy = Problem(503, "busy", "Too much is going on; try again");
  busy.headers.Add("Retry-After", "5");
  responder.Send(std::move(busy));
}

}  // namespace

void AddTokenRoutes(http::Router* router, TokenStore* book, RunElsewhere run) {
  router->Add("GET", "/v1/registers/tokens",
              [book](Request&&, Responder responder) { responder.Send(Listing(*book)); });
  router->Add(
      "POST", "/v1/registers/tokens",
      [book, run](Request&& request, Responder responder) {
        if (!request.content_type.starts_with("application/json")) {
          return responder.Send(Problem(415, "content-type", "This content type is not understood",
                                        "send application/json"));
        }
        std::string register_id;
        if (auto wrong = ReadWish(std::move(request.body), &register_id)) {
          return responder.Send(std::move(*wrong));
        }
        RunOrRefuse(run, responder, [book, register_id, remote = request.remote] {
          return Add(book, register_id, remote);
        });
      },
      kMaxBodyBytes);
  router->Add(
      "DELETE", "/v1/registers/tokens/{id}", [book, run](Request&& request, Responder responder) {
        const std::string id(request.Param("id"));
        RunOrRefuse(run, responder,
                    [book, id, remote = request.remote] { return Remove(book, id, remote); });
      });
}

}  // namespace tillrelay::capture
