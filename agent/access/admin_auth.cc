#include "agent/access/admin_auth.h"

#include "common/base/secret_token.h"
#include "common/http/cookies.h"
#include "common/http/request_rules.h"
#include "common/web/security_headers.h"

namespace tillrelay::access {
namespace {

using http::Problem;
using http::Request;
using http::Response;

constexpr std::string_view kBearer = "Bearer ";
constexpr std::string_view kForm = "application/x-www-form-urlencoded";

bool HasBearer(const Request& request) { return !request.Header("Authorization").empty(); }

bool IsForm(const Request& request) {
  return http::EqualsIgnoringCase(request.content_type.substr(0, kForm.size()), kForm);
}

bool IsJson(const Request& request) {
  constexpr std::string_view kJson = "application/json";
  return http::EqualsIgnoringCase(request.content_type.substr(0, kJson.size()), kJson);
}

Response UnknownToken() {
  Response response = Problem(401, "unknown-token", "This token is not known",
                              "tillrelay token add makes one for the admin API");
  response.headers.Add("WWW-Authenticate", R"(Bearer realm="tillrelay", error="invalid_token")");
  return response;
}

std::string EncodedQuery(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '/' || c == '-' || c == '_' || c == '.';
    if (plain) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
    }
  }
  return out;
}

// A browser is sent to the form, a program is told.
Response NeedsLogin(const Request& request, bool had_cookie) {
  if (http::WantsHtml(request)) {
    Response response;
    response.status = 303;
    const bool local =
        OnlyReads(request.method) && IsLocalPath(request.target) && request.target != "/";
    response.headers.Add(
        "Location", local ? "/login?next=" + EncodedQuery(request.target) : std::string("/login"));
    return response;
  }
  Response response = had_cookie
                          ? Problem(401, "session-ended", "The session has ended", "Sign in again")
                          : Problem(401, "login-required", "This needs a login",
                                    "Sign in at /login, or send Authorization: Bearer TOKEN");
  response.headers.Add("WWW-Authenticate", R"(Bearer realm="tillrelay")");
  return response;
}

}  // namespace

std::string FormField(const Request& request, std::string_view name) {
  if (!IsForm(request)) return "";
  const auto fields = http::ParseForm(request.body);
  if (!fields) return "";
  for (const auto& [key, value] : *fields) {
    if (key == name) return value;
  }
  return "";
}

std::string ActorOf(const Request& request) {
  return request.subject.empty() ? request.remote : request.subject + "@" + request.remote;
}

std::string_view AdminAuth::Cookie(const Request& request) const {
  if (request.headers.Count("Cookie") != 1) return {};
  const auto values = http::CookiesNamed(CookieName(), request.Header("Cookie"));
  return values.size() == 1 ? values[0] : std::string_view();  // of more, one is not ours
}

std::string AdminAuth::SetCookie(std::string_view value) const {
  std::string cookie(CookieName());
  cookie.append("=").append(value).append("; Path=/; HttpOnly; SameSite=Strict");
  if (options_.tls) cookie.append("; Secure");
  if (value.empty()) cookie.append("; Max-Age=0");
  return cookie;
}

std::optional<AdminAuth::Identity> AdminAuth::Identify(const Request& request) {
  if (HasBearer(request)) {
    const std::string_view header = request.Header("Authorization");
    if (!http::EqualsIgnoringCase(header.substr(0, kBearer.size()), kBearer)) return std::nullopt;
    const auto token = users_.FindToken(header.substr(kBearer.size()));
    if (!token) return std::nullopt;
    return Identity{"token:" + token->name, token->role};
  }
  const std::string_view cookie = Cookie(request);
  if (cookie.empty()) return std::nullopt;
  auto session = sessions_.Find(cookie);
  if (!session) return std::nullopt;
  return Identity{std::move(session->who), session->role};
}

bool AdminAuth::OpenToAll(Need need, const Request& request) const {
  const bool here = IsHere(request.remote);
  switch (need) {
    case Need::kNobody:
      return true;
    case Need::kHere:
      return here;
    case Need::kOpenRead:
    case Need::kMetrics:
      return here && options_.open_read;
    case Need::kView:
    case Need::kOperate:
      return false;
  }
  return false;
}

std::optional<Response> AdminAuth::Admit(Request& request) {
  if (!IsHere(request.remote) && users_.empty()) {
    return Secured(Problem(403, "no-password", "Nobody can sign in from another machine yet",
                           "Run tillrelay set-password on this server first"));
  }
  const Need need = NeedOf(request.method, request.path);
  const auto identity = Identify(request);
  request.known = identity.has_value();
  if (identity) request.subject = identity->who;
  if (!identity && HasBearer(request)) return Secured(UnknownToken());
  if (OpenToAll(need, request)) return std::nullopt;
  if (!identity) return Secured(NeedsLogin(request, !Cookie(request).empty()));
  const Role least = need == Need::kMetrics   ? Role::kMetrics
                     : need == Need::kOperate ? Role::kOperate
                                              : Role::kView;
  if (identity->role >= least) return std::nullopt;
  return Secured(Problem(403, "not-allowed", "This login may not do that",
                         "It needs the role " + std::string(RoleWord(least))));
}

std::optional<Response> AdminAuth::Complete(Request& request) {
  // Neither is done with a session's rights.
  const bool of_nobody = request.path == "/login" || request.path == "/language";
  if (OnlyReads(request.method) || HasBearer(request) || of_nobody) {
    return std::nullopt;
  }
  const std::string_view cookie = Cookie(request);
  const auto session = cookie.empty() ? std::nullopt : sessions_.Find(cookie);
  if (!session) {
    if (OpenToAll(NeedOf(request.method, request.path), request)) return std::nullopt;
    return Secured(NeedsLogin(request, true));
  }
  if (!request.body.empty() && !IsForm(request) && !IsJson(request)) {
    return Secured(Problem(415, "content-type", "This content type is not understood",
                           "send application/json or a form"));
  }
  std::string given(request.Header("X-CSRF-Token"));
  if (given.empty()) given = FormField(request, "csrf");
  if (EqualSecrets(given, session->csrf)) return std::nullopt;
  return Secured(Problem(
      403, "csrf", "The form is not of this session",
      options_.tls ? "Open the page again and repeat it"
                   : "Sign in at this very address and repeat it; the page's script is needed"));
}

Principal AdminAuth::PrincipalOf(const Request& request) {
  Principal viewer;
  const auto identity = Identify(request);
  if (!identity) return viewer;
  viewer.signed_in = identity->role >= Role::kView;
  viewer.who = identity->who;
  viewer.may_operate = identity->role >= Role::kOperate;
  if (HasBearer(request)) return viewer;
  if (const auto session = sessions_.Find(Cookie(request))) viewer.csrf = session->csrf;
  viewer.csrf_in_pages = csrf_in_pages();
  return viewer;
}

}  // namespace tillrelay::access
