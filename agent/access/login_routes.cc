#include "agent/access/login_routes.h"

#include <fmt/format.h>

#include "agent/access/password.h"
#include "common/base/json_writer.h"
#include "common/http/request_rules.h"
#include "common/web/reader_language.h"
#include "common/web/security_headers.h"

namespace tillrelay::access {
namespace {

using http::Request;
using http::Responder;
using http::Response;

Response SeeOther(std::string_view where) {
  Response response;
  response.status = 303;
  response.headers.Add("Location", where);
  return response;
}

// What a program is told.
Response ProblemOf(LoginTrouble trouble) {
  switch (trouble) {
    case LoginTrouble::kLockedOut:
      return http::Problem(429, "locked-out", "Too many wrong logins",
                           "Wait, or use tillrelay login");
    case LoginTrouble::kLinkUsed:
      return http::Problem(401, "link-used", "This link has been used or is too old",
                           "tillrelay login makes another one");
    case LoginTrouble::kBusy:
      return http::Problem(503, "busy", "Too many logins at one time", "Try again");
    default:
      return http::Problem(401, "wrong-login", "The user or the password is wrong",
                           "tillrelay set-password sets another one");
  }
}

Response SessionJson(const Principal& viewer) {
  std::string body;
  JsonWriter json(&body);
  json.BeginObject().Field("who", viewer.who).Field("may_operate", viewer.may_operate);
  json.Field("csrf", viewer.csrf_in_pages ? viewer.csrf : "").EndObject();
  return Secured(http::Json(std::move(body)));
}

}  // namespace

void LoginRoutes::AddRoutes(http::Router* router) {
  router->TakeFields("/login", {"next"});
  router->TakeFields("/login/link", {"token"});
  router->Add("GET", "/login", [this](Request&& request, const Responder& responder) {
    LoginForm form;
    form.language = &http::LanguageOf(request, outside_.language);
    form.user = kDefaultUser;
    form.next = request.Query("next").value_or("");
    responder.Send(Form(200, form));
  });
  router->Add("GET", "/login/link", [this](Request&& request, const Responder& responder) {
    LoginForm form;
    form.language = &http::LanguageOf(request, outside_.language);
    form.link = request.Query("token").value_or("");
    if (form.link.empty() || !p_.sessions.HasLink(form.link)) {
      form.link.clear();
      form.trouble = LoginTrouble::kLinkUsed;
    }
    responder.Send(Form(200, form));
  });
  router->Add(
      "POST", "/login",
      [this](Request&& request, const Responder& responder) {
        Post(std::move(request), responder);
      },
      kMaxBody);
  router->Add("GET", "/v1/session", [this](Request&& request, const Responder& responder) {
    responder.Send(SessionJson(p_.gate.PrincipalOf(request)));
  });
  router->Add(
      "POST", "/logout",
      [this](Request&& request, const Responder& responder) { responder.Send(Logout(request)); },
      kMaxBody);
}

void LoginRoutes::Post(Request&& request, const Responder& responder) {
  Try attempt{FormField(request, "user"),
              FormField(request, "password"),
              FormField(request, "next"),
              request.remote,
              std::string(p_.gate.Cookie(request)),
              http::WantsHtml(request),
              &http::LanguageOf(request, outside_.language)};
  if (attempt.user.empty()) attempt.user = kDefaultUser;
  if (!IsLocalPath(attempt.next)) attempt.next = "/";
  if (const std::string token = FormField(request, "token"); !token.empty()) {
    return responder.Send(ByLink(attempt, token));
  }
  if (pending_ >= kMaxPending) return responder.Send(Failed(attempt, LoginTrouble::kBusy));
  const Duration wait = attempts_.Begin(attempt.remote, attempt.user, p_.clock.Now());
  if (wait.count() > 0) return responder.Send(Failed(attempt, LoginTrouble::kLockedOut, wait));
  ++pending_;
  const bool taken = outside_.run([this, attempt, responder] {
    Check(attempt, responder);
    --pending_;
  });
  if (taken) return;
  --pending_;
  responder.Send(Failed(attempt, LoginTrouble::kBusy));
}

void LoginRoutes::Check(const Try& attempt, const Responder& responder) {
  const auto user = p_.users.FindUser(attempt.user);
  const bool fits = attempt.password.size() <= kMaxPassword &&
                    PasswordFits(attempt.password, user ? user->password : "");
  if (!fits || !user) return responder.Send(Failed(attempt, LoginTrouble::kWrong));
  attempts_.Succeeded(attempt.remote, attempt.user);
  responder.Send(SignIn(attempt, {user->name, user->name, user->role, ""}));
}

Response LoginRoutes::ByLink(const Try& attempt, std::string_view token) {
  const auto maker = p_.sessions.TakeLink(token);
  if (!maker) return Failed(attempt, LoginTrouble::kLinkUsed);
  return SignIn(attempt, {"link:" + *maker, "", Role::kOperate, ""});
}

Response LoginRoutes::SignIn(const Try& attempt, Session session) {
  const std::string actor = session.who + "@" + attempt.remote;
  log::Info("access", "{} has signed in", actor);
  outside_.audit({actor, "login", "session", "done"});
  if (!attempt.old_cookie.empty()) p_.sessions.Close(attempt.old_cookie);
  const std::string cookie = p_.sessions.Open(std::move(session));
  std::string next = attempt.next;
  // Behind the #: the browser keeps it for this origin and sends it nowhere by itself.
  if (!p_.gate.csrf_in_pages()) {
    next = next.substr(0, next.find('#')) + "#csrf=" + p_.sessions.Find(cookie)->csrf;
  }
  Response response = SeeOther(next);
  response.headers.Add("Set-Cookie", p_.gate.SetCookie(cookie));
  return Secured(std::move(response));
}

// People type passwords where the name belongs, so only names that are known are written down.
Response LoginRoutes::Failed(const Try& attempt, LoginTrouble trouble, Duration wait) {
  Response refusal = ProblemOf(trouble);
  const bool known = p_.users.FindUser(attempt.user).has_value();
  const std::string actor =
      fmt::format("{}@{}", known ? attempt.user : "unknown user", attempt.remote);
  if (refusal.status != 401) {
    lockouts_.Report("a login of " + actor + " was not looked at", p_.clock.Now());
  } else {
    const char* outcome = trouble == LoginTrouble::kLinkUsed ? "link-used" : "wrong-login";
    log::Warning("access", "a login of {} failed: {}", actor, outcome);
    outside_.audit({actor, "login", "session", outcome});
  }
  LoginForm form;
  form.language = attempt.language;
  form.user = attempt.user;
  form.trouble = trouble;
  form.wait = std::chrono::ceil<std::chrono::seconds>(wait);
  form.next = attempt.next == "/" ? "" : attempt.next;
  const int status = refusal.status;
  Response response = attempt.html ? Form(status, form) : Secured(std::move(refusal));
  if (status != 401) {
    response.headers.Add("Retry-After", std::to_string(std::max<int64_t>(form.wait.count(), 1)));
  }
  return response;
}

Response LoginRoutes::Form(int status, const LoginForm& form) const {
  LoginForm shown = form;
  shown.has_password = p_.users.has_users();
  if (!IsLocalPath(shown.next)) shown.next.clear();
  Response response;
  response.status = status;
  response.content_type = "text/html; charset=utf-8";
  response.body = outside_.render(shown);
  if (form.language != nullptr) http::AddLanguage(&response, *form.language);
  return Secured(std::move(response));
}

Response LoginRoutes::Logout(const Request& request) {
  const auto session = p_.sessions.Close(p_.gate.Cookie(request));
  if (session) {
    const std::string actor = session->who + "@" + request.remote;
    log::Info("access", "{} has signed out", actor);
    outside_.audit({actor, "logout", "session", "done"});
  }
  Response response = SeeOther("/");
  response.headers.Add("Set-Cookie", p_.gate.SetCookie(""));
  return Secured(std::move(response));
}

}  // namespace tillrelay::access
