#include "agent/access/access_routes.h"

#include <fmt/format.h>

#include "agent/access/password.h"
#include "common/base/json_reader.h"
#include "common/base/json_writer.h"
#include "common/base/log.h"
#include "common/event/time_text.h"
#include "common/redact/card_redaction.h"

namespace tillrelay::access {
namespace {

using http::Problem;
using http::Request;
using http::Responder;
using http::Response;

constexpr size_t kMaxBody = 8 * 1024;

Response Json(int status, std::string body) {
  Response response = http::Json(std::move(body));
  response.status = status;
  return response;
}

Response Failed(const Status& status) {
  if (status.code() == Code::kFull) {
    return Problem(409, "too-many", "No further one can be kept", status.message());
  }
  const CodeMeaning& meaning = Meaning(status.code());
  return Problem(meaning.http_status, meaning.word, "This could not be done", status.message());
}

void WriteToken(const ApiToken& token, JsonWriter* json) {
  json->Field("id", token.id).Field("name", token.name).Field("role", RoleWord(token.role));
  json->Field("created_at", token.created_at);
}

Response ListUsers(const UserStore& users) {
  std::string body;
  JsonWriter json(&body);
  json.BeginObject().Key("users").BeginArray();
  for (const User& user : users.Users()) {
    json.BeginObject().Field("name", user.name).Field("role", RoleWord(user.role)).EndObject();
  }
  json.EndArray().EndObject();
  return http::Json(std::move(body));
}

// The body as an object with a role; or why it is none.
struct Wish {
  std::string name, password;
  Role role = Role::kView;
};
std::optional<Response> ReadWish(Request& request, Wish* wish) {
  if (!request.content_type.starts_with("application/json")) {
    return Problem(415, "content-type", "This content type is not understood",
                   "send application/json");
  }
  JsonParser parser;
  auto root = parser.Parse(request.body);
  if (!root.ok() || !root->is_object()) {
    return Problem(400, "not-syntax", "The document cannot be read", "send a JSON object");
  }
  wish->name = root->String("name");
  wish->password = root->String("password");
  const auto role = RoleNamed(root->String("role"));
  if (!role) return Problem(400, "bad-value", "role is one of view, operate, metrics");
  wish->role = *role;
  return std::nullopt;
}

// Writes a change down, whatever became of it.
Status Noted(const AccessServices& services, AuditNote note, Status status) {
  note.outcome = status.ok() ? "done" : "failed";
  note.subject = redact::RedactNote(note.subject);  // a name that never was may be anything
  if (status.ok()) {
    log::Info("access", "{}: {} {}", note.actor, note.action, note.subject);
  } else {
    log::Warning("access", "{}: {} {}: {}", note.actor, note.action, note.subject,
                 status.message());
  }
  services.audit(std::move(note));
  return status;
}

Response SetPassword(const AccessServices& services, const Wish& wish, const std::string& actor) {
  auto hash = HashPassword(wish.password, services.random);
  if (!hash.ok()) return Failed(hash.status());
  Status set = services.users->SetUser({wish.name, wish.role, *std::move(hash)});
  const Status done =
      Noted(services, {actor, "password-set", "user/" + wish.name, ""}, std::move(set));
  if (!done.ok()) return Failed(done);
  services.sessions->CloseOf(wish.name);
  Response response;
  response.status = 204;
  return response;
}

void PutUser(const AccessServices& services, Request&& request, const Responder& responder) {
  Wish wish;
  if (auto wrong = ReadWish(request, &wish)) return responder.Send(*std::move(wrong));
  wish.name = request.Param("name");
  if (!redact::IsCleanName(wish.name) || wish.role == Role::kMetrics) {
    return responder.Send(Problem(
        400, "bad-value", "This is no user",
        "A name matches [A-Za-z0-9._-]{1,32} and holds no card number; roles: view, operate"));
  }
  if (wish.password.size() < kMinPassword || wish.password.size() > kMaxPassword) {
    return responder.Send(
        Problem(400, "bad-value", "This cannot be the password",
                fmt::format("It has {} to {} bytes", kMinPassword, kMaxPassword)));
  }
  http::RunOrRefuse(services.run, responder, [services, wish, actor = request.remote] {
    return SetPassword(services, wish, actor);
  });
}

Response RemoveUser(const AccessServices& services, const std::string& name,
                    const std::string& actor) {
  const Status done =
      Noted(services, {actor, "user-remove", "user/" + name, ""}, services.users->RemoveUser(name));
  if (!done.ok()) return Failed(done);
  services.sessions->CloseOf(name);
  Response response;
  response.status = 204;
  return response;
}

Response AddToken(const AccessServices& services, const Wish& wish, const std::string& actor) {
  auto issued = services.users->AddToken(wish.name, wish.role);
  const Status done =
      Noted(services, {actor, "token-add", "token/" + wish.name, ""}, issued.status());
  if (!done.ok()) return Failed(done);
  std::string body;
  JsonWriter json(&body);
  json.BeginObject();
  WriteToken(issued->token, &json);
  json.Field("token", issued->secret).EndObject();
  return Json(201, std::move(body));
}

Response RemoveToken(const AccessServices& services, const std::string& id,
                     const std::string& actor) {
  auto removed = services.users->RemoveToken(id);
  if (!removed.ok() && removed.status().code() == Code::kNotFound) {
    return Problem(404, "no-such-token", "Unknown token", "see `tillrelay token list`");
  }
  const std::string subject = "token/" + (removed.ok() ? removed->name : id);
  const Status done = Noted(services, {actor, "token-remove", subject, ""}, removed.status());
  if (!done.ok()) return Failed(done);
  Response response;
  response.status = 204;
  return response;
}

Response MakeLink(const AccessServices& services, const std::string& actor) {
  const std::string token = services.sessions->OpenLink(actor);
  Noted(services, {actor, "login-link", "session", ""}, Status::Ok()).ok();
  std::string body;
  JsonWriter json(&body);
  json.BeginObject().Field("url", services.page_url + "/login/link?token=" + token);
  json.Field("valid_s", std::chrono::seconds(Sessions::kLinkLife).count());
  json.Key("fingerprint");
  services.fingerprint.empty() ? json.Null() : json.String(services.fingerprint);
  json.EndObject();
  return Json(201, std::move(body));
}

}  // namespace

void AddAccessRoutes(http::Router* control, const AccessServices& services) {
  control->Add("GET", "/v1/users", [services](Request&&, const Responder& responder) {
    responder.Send(ListUsers(*services.users));
  });
  control->Add(
      "PUT", "/v1/users/{name}",
      [services](Request&& request, const Responder& responder) {
        PutUser(services, std::move(request), responder);
      },
      kMaxBody);
  control->Add(
      "DELETE", "/v1/users/{name}", [services](Request&& request, const Responder& responder) {
        http::RunOrRefuse(services.run, responder,
                          [services, name = std::string(request.Param("name")),
                           actor = request.remote] { return RemoveUser(services, name, actor); });
      });
  control->Add("GET", "/v1/tokens", [services](Request&&, const Responder& responder) {
    responder.Send(http::TokenList(services.users->Tokens(), WriteToken, event::UtcText));
  });
  control->Add(
      "POST", "/v1/tokens",
      [services](Request&& request, const Responder& responder) {
        Wish wish;
        if (auto wrong = ReadWish(request, &wish)) return responder.Send(*std::move(wrong));
        if (!redact::IsCleanName(wish.name)) {
          return responder.Send(
              Problem(400, "bad-value", "A token has a name",
                      "It matches [A-Za-z0-9._-]{1,32} and holds no card number"));
        }
        http::RunOrRefuse(services.run, responder, [services, wish, actor = request.remote] {
          return AddToken(services, wish, actor);
        });
      },
      kMaxBody);
  control->Add(
      "DELETE", "/v1/tokens/{id}", [services](Request&& request, const Responder& responder) {
        http::RunOrRefuse(services.run, responder,
                          [services, id = std::string(request.Param("id")),
                           actor = request.remote] { return RemoveToken(services, id, actor); });
      });
  control->Add("POST", "/v1/login-links",
               [services](Request&& request, const Responder& responder) {
                 responder.Send(MakeLink(services, request.remote));
               });
}

}  // namespace tillrelay::access
