#include "agent/web/login_page.h"

#include <fmt/format.h>

#include "agent/web/frame.h"
#include "agent/web/page_strings.h"
#include "common/http/message.h"
#include "common/web/html.h"

namespace tillrelay::web {
namespace {

using access::LoginTrouble;
using http::Html;

std::string ProblemText(const access::LoginForm& form) {
  switch (form.trouble) {
    case LoginTrouble::kWrong:
      return std::string(strings::kLoginWrong);
    case LoginTrouble::kLockedOut:
      return strings::Say(strings::kLoginLockedOut, form.wait.count());
    case LoginTrouble::kLinkUsed:
      return std::string(strings::kLoginLinkUsed);
    case LoginTrouble::kBusy:
      return std::string(strings::kLoginBusy);
    case LoginTrouble::kNone:
      break;
  }
  return form.has_password ? "" : std::string(strings::kLoginNoPassword);
}

// Where another language shows it again; the link of a person is not repeated.
std::string OwnTarget(const access::LoginForm& form) {
  if (!form.link.empty()) return "/";
  return form.next.empty() ? "/login" : "/login?next=" + http::PercentEncode(form.next);
}

void Hidden(Html& html, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  html.Put("<input type=\"hidden\" name=\"{}\" value=\"{}\">\n", name, value);
}

void Fields(Html& html, const access::LoginForm& form) {
  if (!form.link.empty()) return Hidden(html, "token", form.link);
  html.Put(
      "<p><label for=\"user\">{}</label><input id=\"user\" name=\"user\" value=\"{}\" "
      "autocomplete=\"username\" required></p>\n<p><label for=\"password\">{}</label>"
      "<input type=\"password\" id=\"password\" name=\"password\" "
      "autocomplete=\"current-password\" required></p>\n",
      strings::kLoginUser, form.user, strings::kLoginPassword);
}

}  // namespace

std::string LoginPage(const access::LoginForm& form) {
  const strings::Speaking speaking(form.language != nullptr ? *form.language : strings::English());
  const std::string trouble = ProblemText(form);
  Html html;
  html.Put("<section class=\"narrow login\"><h1>{}</h1>\n", strings::kLoginTitle);
  if (!trouble.empty()) html.Put("<p class=\"red-text\" role=\"alert\">■ {}</p>\n", trouble);
  html.Raw("<form method=\"post\" action=\"/login\">\n");
  Fields(html, form);
  Hidden(html, "next", form.next);
  html.Put(
      "<p><button class=\"primary\">{}</button></p>\n</form>\n<p class=\"note\">{}</p>"
      "</section>\n",
      strings::kLoginButton, strings::kLoginByLink);
  return PlainFrameHtml(strings::kLoginTitle, OwnTarget(form), html.Take());
}

}  // namespace tillrelay::web
