#include "agent/capture/token_routes.h"

#include <fmt/format.h>

#include "common/base/json_reader.h"
#include "common/base/json_writer.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/event/time_text.h"
#include "common/redact/card_redaction.h"

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

Response Failed(const Status& status) {
  if (status.code() == Code::kNotFound) {
    return Problem(404, "no-such-token", "Unknown token", "see `tillrelay register list`");
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

// As the events of registers: what they could not tell needs no token.
bool MayBeRegister(std::string_view id) {
  return IsName(id) && !redact::ContainsCard(id, {}, redact::Issuers::kInReceipts);
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
                     (any || (named.is_string() && MayBeRegister(*register_id)));
  if (clear) return std::nullopt;
  return Problem(400, "bad-value", "It must be said for which register",
                 R"(send {"register":"03"} or {"any":true}; an id matches [A-Za-z0-9._-]{1,32})"
                 " and is no card number");
}

Response Add(TokenStore* tokens, const std::string& register_id, const std::string& remote) {
  auto issued = tokens->Add(register_id);
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

Response Remove(TokenStore* tokens, const std::string& id, const std::string& remote) {
  const auto removed = tokens->Remove(id);
  if (!removed.ok()) return Failed(removed.status());
  log::Info("capture", "token {} of {} was removed by {}", removed->id, Owner(*removed), remote);
  Response response;
  response.status = 204;
  return response;
}

}  // namespace

void AddTokenRoutes(http::Router* router, TokenStore* tokens, http::RunElsewhere run) {
  router->Add("GET", "/v1/registers/tokens", [tokens](Request&&, Responder responder) {
    responder.Send(http::TokenList(tokens->List(), WriteToken, event::UtcText));
  });
  router->Add(
      "POST", "/v1/registers/tokens",
      [tokens, run](Request&& request, Responder responder) {
        if (!request.content_type.starts_with("application/json")) {
          return responder.Send(Problem(415, "content-type", "This content type is not understood",
                                        "send application/json"));
        }
        std::string register_id;
        if (auto wrong = ReadWish(std::move(request.body), &register_id)) {
          return responder.Send(std::move(*wrong));
        }
        http::RunOrRefuse(run, responder, [tokens, register_id, remote = request.remote] {
          return Add(tokens, register_id, remote);
        });
      },
      kMaxBodyBytes);
  router->Add("DELETE", "/v1/registers/tokens/{id}",
              [tokens, run](Request&& request, Responder responder) {
                const std::string id(request.Param("id"));
                http::RunOrRefuse(run, responder, [tokens, id, remote = request.remote] {
                  return Remove(tokens, id, remote);
                });
              });
}

}  // namespace tillrelay::capture
